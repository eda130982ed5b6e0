/**
 * What we use of the AWS SDK for SQS: a chunk of its own beside the functions, read when a queue is first asked. Imported
 * by `import()` only (scripts/build/bundle.ts refuses anything else); nothing here imports the rest of our code.
 */
export {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
export { TimedHandler } from './timed-handler.ts';
