/** An event that has its place in its company's log. */
export interface DispatchedEvent {
  id: string;
  companyId: string;
  appId: string | null;
  sequence: string;
  type: string;
  subjectId: string;
  occurredAt: string;
  /** JSON; of the types that notifications tell of, else null. */
  data: string | null;
}
