import type { PhoneCallResponse } from 'retell-sdk/resources/call';
import type { Random } from './random.ts';

type Turn = PhoneCallResponse.TranscriptObject;

export interface Conversation {
  turns: Turn[];
  /** From the start of the call to the end of the last word. */
  spokenMs: number;
}

const agentLines = [
  'Thanks for calling Harbor Dental, how can I help you today?',
  'Of course. May I have your full name and date of birth, please?',
  'We have Tuesday at ten fifteen or Thursday at half past two. Which one suits you better?',
  'I have put you down for that, and you will get a text message to confirm it.',
  'Let me check that for you, one moment please.',
  'I understand. Is there anything else that I can do for you?',
] as const;
const userLines = [
  'Hi, I would like to book an appointment for a cleaning.',
  'Sure, it is Ana Pérez, the fourth of July nineteen eighty-two.',
  'Tuesday works. Could you also tell me what it costs without insurance?',
  'No, that is all, thank you very much.',
  'Sorry, could you say that again? The line is bad.',
  'My bill from last month was wrong, and nobody has called me back.',
] as const;

/** So many turns, agent and user in alternation, with a time for each word. */
export function conversation(random: Random, turnCount: number): Conversation {
  const turns: Turn[] = [];
  let clockMs = random.int(200, 900);
  for (let i = 0; i < turnCount; i++) {
    const content = random.pick(i % 2 === 0 ? agentLines : userLines);
    const words = content.split(' ').map((word) => {
      const start = clockMs / 1000;
      clockMs += 120 + word.length * 45;
      return { word, start, end: clockMs / 1000 };
    });
    turns.push({ role: i % 2 === 0 ? 'agent' : 'user', content, words });
    clockMs += random.int(300, 1400);
  }
  const lastEnd = turns.at(-1)?.words.at(-1)?.end ?? 0;
  return { turns, spokenMs: Math.round(lastEnd * 1000) };
}

/** A transcript in Retell's three forms. */
export function transcripts(turns: Turn[]) {
  return {
    transcript: turns
      .map(({ role, content }) => `${role === 'agent' ? 'Agent' : 'User'}: ${content}\n`)
      .join(''),
    transcript_object: turns,
    transcript_with_tool_calls: turns,
  };
}
