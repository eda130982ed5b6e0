import type { NoticeData, NoticeKind } from '../notice.ts';

/** What a notice says: `title` alone where there is little room, `message` a sentence that stands without it. */
export interface Content {
  title: string;
  message: string;
}

/** Data whose texts were made fit to stand in a sentence; null where nothing was left of one. */
type Fit<D> = { [F in keyof D]: D[F] extends string ? string | null : D[F] };

/** How a language says each kind. */
export type Words = { [K in NoticeKind]: (data: Fit<NoticeData[K]>) => Content } & {
  /** What stands on a button that leads to more. */
  open: string;
  /** The SMS that proves a number. Short, and the code first: telephones show no more of it. */
  phoneCode: (code: string, minutes: number) => string;
};
