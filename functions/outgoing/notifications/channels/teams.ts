import type { Context } from '#core/context.ts';
import { buttonOf, type ChannelMessage, type SentByChannel } from './channel-message.ts';
import { postToWebhook } from './incoming-webhook.ts';
import { plain, shortened } from './text.ts';

/** A line of text as it stands: of a TextBlock, Teams would make Markdown, and links of a caller's name. */
const line = (text: string, style: object = {}): object => ({
  type: 'RichTextBlock',
  inlines: [{ type: 'TextRun', text, ...style }],
});

/** Each is a block of its own. What is more stands in one. */
const maxLines = 20;

/** An adaptive card, which may have 28 KB. */
function cardOf(message: ChannelMessage): object {
  const button = buttonOf(message);
  const title = shortened(plain(message.title.replaceAll(/\s+/g, ' ')), 300);
  const all = shortened(plain(message.text), 2500).split('\n').filter(Boolean);
  const lines = all.length > maxLines ? [...all.slice(0, maxLines), all.slice(maxLines).join(' ')] : all;
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [line(title, { weight: 'Bolder', size: 'Medium' }), ...lines.map((text) => line(text))],
          ...(button
            ? { actions: [{ type: 'Action.OpenUrl', title: shortened(button.label, 75), url: button.url }] }
            : {}),
        },
      },
    ],
  };
}

/**
 * Posts to the Teams channel of a company, by the address of its workflow. A 202 says that Teams has the message, not
 * that it is shown: what becomes of it only its history of runs knows, by the id that is returned.
 * @throws {JobRefused | JobPostponed | Error} as sendSlack does.
 */
export async function sendTeams(
  ctx: Context,
  { companyId, message }: { companyId: string; message: ChannelMessage },
): Promise<SentByChannel> {
  const { headers } = await postToWebhook(ctx, {
    ...{ integration: 'teams', name: 'Teams', companyId, json: cardOf(message) },
    isTaken: ({ status }) => status === 200 || status === 202,
  });
  const run = headers['x-ms-workflow-run-id']?.toString().slice(0, 200);
  return { provider: 'teams', messageId: run || null };
}
