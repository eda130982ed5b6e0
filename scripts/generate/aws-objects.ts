import type { EndpointModule, ScheduleModule, WorkerModule } from './discover.ts';
import { reachableFrom, sourceFile } from './import-graph.ts';

type Json = Record<string, unknown>;

/** The bucket's own name, so that every stack can tell it to its functions: one of all AWS, hence with the account. */
const named = `\${self:custom.prefix}-files-\${AWS::AccountId}`;
export const bucketName: Json = { 'Fn::Sub': named };

/** Of the bucket with Object Lock. */
const auditNamed = `\${self:custom.prefix}-audit-\${AWS::AccountId}`;
export const auditBucketName: Json = { 'Fn::Sub': auditNamed };

type Modules = readonly (EndpointModule | WorkerModule | ScheduleModule)[];

/** The matches of a pattern's first group in all that these modules reach. */
function foundIn(modules: Modules, pattern: RegExp): string[] {
  const found = new Set<string>();
  for (const { file } of modules) {
    for (const reached of reachableFrom(file))
      for (const [, match = ''] of sourceFile(reached).text.matchAll(pattern)) found.add(match);
  }
  return [...found].sort();
}

/**
 * What each call of objects() asks of S3. The right to list is for the bucket: without it, S3 answers 403 where an object is
 * missing.
 */
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  put: ['s3:PutObject'],
  upload: ['s3:PutObject', 's3:AbortMultipartUpload'],
  beginUpload: ['s3:PutObject'],
  putPart: ['s3:PutObject'],
  completeUpload: ['s3:PutObject'],
  abortUpload: ['s3:AbortMultipartUpload'],
  get: ['s3:GetObject', 's3:ListBucket'],
  head: ['s3:GetObject', 's3:ListBucket'],
  delete: ['s3:DeleteObject'],
  deleteAll: ['s3:DeleteObject', 's3:ListBucket'],
  linkTo: ['s3:GetObject'],
  linkForPut: ['s3:PutObject'],
};

/**
 * What the functions of one stack may do to the files: what a call in something that they reach does, to the kinds of which
 * they make keys (`<company>/<kind>/…`); to all kinds where all of a company's files are deleted.
 */
function fileRights(modules: Modules): Json[] {
  const calls = new Set(foundIn(modules, /\bobjects\(\)\s*\.(\w+)\(/g));
  // A kind that is no literal would be missed here, and refused by S3.
  const unknown = foundIn(modules, /\bobjectKey\(\s*([^,():]+,\s*(?![\s'])[^,]*)/g);
  if (unknown.length > 0) throw new Error(`objectKey(${unknown[0]} …) must name its kind as a literal.`);
  // A call on what a variable holds would be missed here, and refused by S3.
  const held = foundIn(modules, /(\w+\s*=\s*(?:await\s+)?objects\(\))\s*[;,\n]/g);
  if (held.length > 0) throw new Error(`${held[0]}: write objects().call(…), which this reads.`);
  const unheard = [...calls].filter((call) => !(call in actionsOf));
  if (unheard.length > 0)
    throw new Error(`objects().${unheard[0]}() needs rights: say which (scripts/generate/aws-objects.ts).`);
  const kinds = foundIn(modules, /\bobjectKey\(\s*[^,()]+,\s*'([\w-]+)'/g);
  const bucket = `arn:\${AWS::Partition}:s3:::${named}`;
  const needed = new Set([...calls].flatMap((call) => actionsOf[call] ?? []));
  const lists = needed.delete('s3:ListBucket');
  const actions = [...needed].sort();
  if (actions.length === 0) return [];
  return [
    {
      Effect: 'Allow',
      Action: actions,
      Resource: (calls.has('deleteAll') ? [`${bucket}/*`] : kinds.map((kind) => `${bucket}/*/${kind}/*`)).map(
        (resource) => ({ 'Fn::Sub': resource }),
      ),
    },
    ...(lists ? [{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [{ 'Fn::Sub': bucket }] }] : []),
  ];
}

/** Anchors of the audit log are written, read and listed, in their bucket, and never deleted. */
function anchorRights(modules: Modules): Json[] {
  if (!modules.some(({ file }) => reachableFrom(file).has('functions/_core/security/audit-objects.ts')))
    return [];
  const bucket = `arn:\${AWS::Partition}:s3:::${auditNamed}`;
  return [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: [{ 'Fn::Sub': `${bucket}/audit-anchors/*` }],
    },
    {
      Effect: 'Allow',
      Action: ['s3:ListBucket'],
      Resource: [{ 'Fn::Sub': bucket }],
      Condition: { StringLike: { 's3:prefix': 'audit-anchors/*' } },
    },
  ];
}

export const objectRights = (modules: Modules): Json[] => [...fileRights(modules), ...anchorRights(modules)];
