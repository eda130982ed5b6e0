import type { RetellCall } from './event.ts';

const speakers: Record<string, string> = { agent: 'Agent', user: 'User', transfer_target: 'Transfer Target' };

/** What was said, as Retell writes it: a line for each turn. Made from the turns where Retell gives only those. */
export function transcriptOf(call: RetellCall): string | undefined {
  const text = call.transcript?.trimEnd();
  if (text) return text;
  const lines: string[] = [];
  for (const { role, content } of turnsOf(call)) {
    const speaker = speakers[role ?? ''];
    if (speaker !== undefined && content !== undefined) lines.push(`${speaker}: ${content}`);
  }
  return lines.length === 0 ? undefined : lines.join('\n');
}

/**
 * How far a transcript goes, in milliseconds from the start of the call: the end of its last timed word, and one
 * more for each character after that has no time, so that of two transcripts the fuller one is the later.
 * 0 where there is no transcript.
 */
export function spokenMs(call: RetellCall): number {
  let spoken = 0;
  let untimed = 0;
  let characters = 0;
  for (const { role, content, words } of turnsOf(call)) {
    if (speakers[role ?? ''] === undefined) continue;
    const lastEnd = (words ?? []).reduce((latest, word) => Math.max(latest, word.end ?? 0), 0);
    characters += content?.length ?? 0;
    if (lastEnd > 0) {
      spoken = Math.max(spoken, Math.round(lastEnd * 1000));
      untimed = 0;
    } else {
      untimed += content?.length ?? 0;
    }
  }
  const rest = characters === 0 ? (call.transcript?.length ?? 0) : untimed;
  return spoken + rest;
}

function turnsOf(call: RetellCall) {
  return call.transcript_object ?? call.transcript_with_tool_calls ?? [];
}
