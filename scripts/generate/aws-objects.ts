import type { EndpointModule, ScheduleModule, WorkerModule } from './discover.ts';
import { reachableFrom } from './import-graph.ts';

type Json = Record<string, unknown>;

/** The bucket's own name, so that every stack can tell it to its functions: one of all AWS, hence with the account. */
const named = `\${self:custom.prefix}-files-\${AWS::AccountId}`;
export const bucketName: Json = { 'Fn::Sub': named };

/** Of the bucket with Object Lock. */
const auditNamed = `\${self:custom.prefix}-audit-\${AWS::AccountId}`;
export const auditBucketName: Json = { 'Fn::Sub': auditNamed };

/** What the functions of one stack may do to the files, where one of them can reach the object store at all. */
export function objectRights(modules: readonly (EndpointModule | WorkerModule | ScheduleModule)[]): Json[] {
  if (!modules.some(({ file }) => reachableFrom(file).has('functions/_core/objects.ts'))) return [];
  const bucket = `arn:\${AWS::Partition}:s3:::${named}`;
  return [
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      Resource: [{ 'Fn::Sub': `${bucket}/*` }],
    },
    { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [{ 'Fn::Sub': bucket }] },
  ];
}
