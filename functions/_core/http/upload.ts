import { AppError } from '../errors.ts';
import { mediaTypeOf } from './incoming.ts';

/** A file that came with a request. */
export interface UploadedFile {
  /** The field that it came in; '' where the whole body is the file. */
  field: string;
  /** Without folders, control characters and what turns the direction of text; at most 200 characters. '' where none was given. */
  fileName: string;
  /** As the sender says, in lower case: what the bytes are must be found out from them. */
  mediaType: string;
  bytes: Buffer;
}

/** The body of an endpoint with `body: 'upload'`. */
export interface Upload {
  files: UploadedFile[];
  /** Fields of a form that are no files. They are `input`, as the fields of a JSON body are. */
  fields: Record<string, string>;
  /** What a repetition has in common with the first request: the boundary of a form is another each time. */
  identity: Uint8Array[];
}

/** Fields and files of one form. */
const maxParts = 20;
/** Of one part: a name and a file's name. */
const maxHeaderBytes = 4_096;
/** Of one field that is no file. */
const maxFieldBytes = 65_536;
const maxFileName = 200;

const refused = (message: string, path = ''): AppError =>
  new AppError('VALIDATION_FAILED', { message: `The form ${message}.`, details: [{ path, message }] });

const text = (bytes: Uint8Array, what: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused(`has ${what} that is not UTF-8`);
  }
};

/** A file of a body that is nothing else. */
export const wholeBody = (mediaType: string, bytes: Buffer): Upload => ({
  files: [{ field: '', fileName: '', mediaType, bytes }],
  fields: Object.create(null),
  identity: [Buffer.from(`${mediaType}\n`), bytes],
});

/**
 * The parts of a form (RFC 7578). Nothing is copied: files are views of the body.
 * @throws AppError VALIDATION_FAILED for a form that is none, does not end, or has more than an honest one.
 */
export function parseForm(contentType: string, body: Buffer): Upload {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  const upload: Upload = { files: [], fields: Object.create(null), identity: [] };
  const opening = delimiter.subarray(2);
  if (!body.subarray(0, opening.length).equals(opening)) throw refused('does not begin with its boundary');
  let at = opening.length;
  for (let parts = 0; !isEnd(body, at); parts++) {
    if (parts === maxParts) throw refused(`has more than ${maxParts} parts`);
    const head = body.subarray(at, at + maxHeaderBytes + 4).indexOf('\r\n\r\n');
    if (head === -1) throw refused(`has a part whose header does not end within ${maxHeaderBytes} bytes`);
    const start = at + head + 4;
    const end = nextDelimiter(body, delimiter, start);
    takePart(upload, text(body.subarray(at, at + head), 'a header'), body.subarray(start, end));
    at = end + delimiter.length;
  }
  return upload;
}

function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]*)"|([^\s;]*))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? '';
  // RFC 2046 5.1.1
  if (!/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary))
    throw refused('has no boundary in its Content-Type');
  return boundary;
}

/** Whether the last delimiter was the closing one. Behind it, nothing may come. */
function isEnd(body: Buffer, at: number): boolean {
  const mark = body.toString('latin1', at, at + 2);
  if (mark === '\r\n') return false;
  const rest = body.toString('latin1', at + 2, at + 5);
  if (mark !== '--' || (rest !== '' && rest !== '\r\n')) throw refused('does not end with its boundary');
  return true;
}

function nextDelimiter(body: Buffer, delimiter: Buffer, from: number): number {
  for (let at = from; ; at++) {
    at = body.indexOf(delimiter, at);
    if (at === -1) throw refused('does not end with its boundary');
    const mark = body.toString('latin1', at + delimiter.length, at + delimiter.length + 2);
    if (mark === '\r\n' || mark === '--') return at;
  }
}

function takePart(upload: Upload, header: string, bytes: Buffer): void {
  const lines = header.split('\r\n').filter(Boolean);
  const headerOf = (name: string) =>
    lines
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const disposition = headerOf('content-disposition') ?? '';
  const field = parameterOf(disposition, 'name');
  if (!/^form-data\s*;/i.test(disposition) || !field) throw refused('has a part without a name');
  const encoding = headerOf('content-transfer-encoding') ?? 'binary';
  if (!/^(binary|8bit|7bit)$/i.test(encoding)) throw refused('has a part in a transfer encoding', field);
  const fileName = parameterOf(disposition, 'filename');
  const mediaType = mediaTypeOf(
    headerOf('content-type') ?? (fileName === undefined ? 'text/plain' : 'application/octet-stream'),
  );
  upload.identity.push(
    Buffer.from(`${JSON.stringify([field, fileName ?? null, mediaType, bytes.length])}\n`),
    bytes,
  );
  if (fileName !== undefined) {
    upload.files.push({ field, fileName: plainName(fileName), mediaType, bytes });
    return;
  }
  if (field in upload.fields) throw refused('gives a field more than once', field);
  if (bytes.length > maxFieldBytes) throw refused(`has a field of more than ${maxFieldBytes} bytes`, field);
  upload.fields[field] = text(bytes, 'a field');
}

/** Browsers write a quote as %22 and a line's end as %0D%0A, curl writes \". */
function parameterOf(disposition: string, name: string): string | undefined {
  const found = new RegExp(
    `^[^;"]*(?:;\\s*(?!${name}=)[\\w*-]+=(?:"(?:\\\\"|[^"])*"|[^;\\s"]*)\\s*)*;\\s*${name}=(?:"((?:\\\\"|[^"])*)"|([^;\\s"]+))`,
    'i',
  ).exec(disposition);
  const value = found?.[1] ?? found?.[2];
  return value
    ?.replaceAll('\\"', '"')
    .replaceAll(/%(22|0D|0A)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A name that is a place, `.` or `..`, is none. */
const plainName = (name: string): string =>
  [
    ...(name.split(/[/\\]/).at(-1) ?? '')
      .replace(/^\.{1,2}$/, '')
      .replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, ''),
  ]
    .slice(0, maxFileName)
    .join('');
