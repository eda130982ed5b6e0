/**
 * `npm run listen`: a receiver of webhooks on this machine, that verifies what comes and prints a line for each.
 *   npm run listen                                  port 4000, told of everything that happens in a running `npm start`
 *   npm run listen -- 4001 --json                   another port, with the whole event
 *   npm run listen -- 4000 --secret whsec_…         verifies what comes from elsewhere, registers nothing
 */
import { parseArgs } from 'node:util';
import { startReceiver } from './listen/receiver.ts';
import { register } from './listen/registration.ts';
import { isWebhookSecret } from './listen/verify.ts';
import { dataFolder } from './stack/running-stack.ts';

const usage = 'Usage: npm run listen -- [port] [--secret whsec_…] [--json]';

function asked(): { port: number; secret: string | undefined; json: boolean } {
  const { values, positionals } = parseArgs({
    options: { secret: { type: 'string' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [port = '4000', ...more] = positionals;
  if (more.length > 0) throw new Error(usage);
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535)
    throw new Error(`The port must be a number from 1 to 65535, which ${port} is not. ${usage}`);
  if (values.secret !== undefined && !isWebhookSecret(values.secret))
    throw new Error('The secret must be whsec_ and 24 to 64 bytes in base64, as the webhook showed it once.');
  return { port: Number(port), secret: values.secret, json: values.json };
}

try {
  const { port, secret, json } = asked();
  let know: (secret: string) => void = () => {};
  const known = new Promise<string>((resolve) => {
    know = resolve;
  });
  const server = await startReceiver({
    port,
    secret: known,
    showsJson: json,
    print: (line) => console.log(line),
  });
  const url = `http://127.0.0.1:${port}/`;
  const registration = secret === undefined ? await register(dataFolder(), url) : undefined;
  know(secret ?? registration?.secret ?? '');
  console.log(
    registration
      ? `Listening on ${url}, told of everything that happens at ${registration.api}. Ctrl-C ends it.`
      : `Listening on ${url} for deliveries signed with the secret given. Ctrl-C ends it.`,
  );
  let isStopping = false;
  const stop = async () => {
    if (isStopping) process.exit(1); // asked twice
    isStopping = true;
    server.close();
    await registration?.remove().catch((error: unknown) => {
      console.error(`The webhook stays: ${error instanceof Error ? error.message : error}`);
    });
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
