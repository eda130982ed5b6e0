import { lookup as systemLookup } from 'node:dns';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPrivateAddress } from './addresses.ts';
import { type OutgoingRules, refusalOfUrl } from './url.ts';

/** Of an answer, more is not read. */
const maxAnswerBytes = 65_536;
const maxHeaderBytes = 16_384;

/** What is sent to an address that somebody else chose. */
export interface OutgoingRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Of all: the name's resolution, the connection, the answer. */
  timeoutMs: number;
  rules: OutgoingRules;
  /** How names are resolved: by the system, where absent. */
  lookup?: LookupFunction | undefined;
}

export interface OutgoingAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  /** Its first 64 KB, as they came: nothing is decompressed. */
  body: Buffer;
}

/** No answer came. The message is a sentence for the receiver’s operator. */
export class OutgoingError extends Error {
  /** Of the system or Node ('ECONNREFUSED'), or our own: 'REFUSED_ADDRESS', 'TIMEOUT'. */
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const refusedAddress = (reason: string) =>
  new OutgoingError('REFUSED_ADDRESS', `Nothing was sent: the address ${reason}.`);

/**
 * Resolves a name for a socket, and gives it no address but those that may be connected to: what is checked is what is
 * connected to, however often a name changes its mind.
 */
function checkedLookup({ allowsPrivate }: OutgoingRules, base: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    base(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0);
      const addresses = (Array.isArray(found) ? found : [{ address: found, family: isIP(found) }]).filter(
        ({ address }) => allowsPrivate || !isPrivateAddress(address),
      );
      const [first] = addresses;
      if (!first) return callback(refusedAddress('leads to this machine or a private network'), '', 0);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

const sentences = new Map([
  ['ECONNREFUSED', 'The connection was refused.'],
  ['ECONNRESET', 'The connection was closed before an answer came.'],
  ['EPIPE', 'The connection was closed before an answer came.'],
  ['ENOTFOUND', 'The name of the host was not found.'],
  ['EAI_AGAIN', 'The name of the host could not be resolved.'],
  ['EHOSTUNREACH', 'The host cannot be reached.'],
  ['ENETUNREACH', 'The network of the host cannot be reached.'],
  ['ETIMEDOUT', 'The connection could not be made in time.'],
]);

function asOutgoingError(error: Error & { code?: string }): OutgoingError {
  if (error instanceof OutgoingError) return error;
  const code = error.code ?? 'UNKNOWN';
  const isTls = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code);
  const sentence =
    sentences.get(code) ??
    (isTls
      ? `The TLS connection failed: ${error.message}.`
      : code.startsWith('HPE_')
        ? `The answer is not HTTP: ${error.message}.`
        : `The request failed: ${error.message}.`);
  return new OutgoingError(code, sentence.slice(0, 500), { cause: error });
}

/**
 * Sends a POST to an address that somebody else chose: to no address but a permitted one, on a connection of its own,
 * following no redirect, reading 64 KB of the answer at most.
 * @returns the answer, also where it is a redirect or an error.
 * @throws OutgoingError when nothing was.
 */
export function sendOutgoing(outgoing: OutgoingRequest): Promise<OutgoingAnswer> {
  const { rules, headers, body, timeoutMs } = outgoing;
  const refusal = refusalOfUrl(outgoing.url, rules); // an IP address is never looked up
  if (refusal) return Promise.reject(refusedAddress(refusal));
  const url = new URL(outgoing.url);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
      agent: false,
      lookup: checkedLookup(rules, outgoing.lookup ?? systemLookup),
      maxHeaderSize: maxHeaderBytes,
    });
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(asOutgoingError(error));
      request.destroy();
    };
    const timer = setTimeout(
      () => fail(new OutgoingError('TIMEOUT', `No whole answer came within ${timeoutMs / 1000} s.`)),
      timeoutMs,
    );
    request.on('error', fail);
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      fail(new OutgoingError('UPGRADED', 'The answer asks for another protocol than HTTP.'));
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = () => {
        clearTimeout(timer);
        const { statusCode: status = 0, headers: fields } = response;
        resolve({ status, headers: fields, body: Buffer.concat(chunks).subarray(0, maxAnswerBytes) });
        request.destroy();
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= maxAnswerBytes) finish();
      });
      response.on('end', finish);
      response.on('error', fail);
      response.on('aborted', () =>
        fail(new OutgoingError('ECONNRESET', 'The connection was closed within the answer.')),
      );
    });
    request.end(body);
  });
}
