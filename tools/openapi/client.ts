/** Code as somebody writes it against the three generated clients: it compiles only while the document is as it should be. */
import { type Call as HeyApiCall, listCalls as listWithHeyApi } from './generated/hey-api/index.ts';
import type { paths } from './generated/openapi-typescript.ts';
import { listCalls as listWithOrval } from './generated/orval/client.ts';
import type { CallCompletedEvent, Call as OrvalCall } from './generated/orval/model/index.ts';

type Listed = paths['/api/calls']['get']['responses'][200]['content']['application/json'];

export const idsOf = ({ data, pagination }: Listed): { ids: string[]; next: string | null } => ({
  ids: data.map((call) => call.id),
  next: pagination.nextCursor,
});

export async function withHeyApi(): Promise<HeyApiCall[]> {
  const { data, error } = await listWithHeyApi({ query: { status: 'completed', limit: 50 } });
  if (error) throw new Error(`${error.code}: ${error.message}`);
  return data.data;
}

export async function withOrval(): Promise<OrvalCall[]> {
  const answer = await listWithOrval({ status: 'completed', limit: 50 });
  if (answer.status !== 200) throw new Error(`${answer.data.code}: ${answer.data.message}`);
  return answer.data.data;
}

export const lengthOf = ({ data }: CallCompletedEvent): number => data.durationMs ?? 0;
