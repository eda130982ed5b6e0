import * as z from 'zod';

/** An id of Dialpad's given by a caller: an int64, which JSON may carry as a number. */
export const DialpadId = z
  .union(
    [
      z
        .string()
        .trim()
        .regex(/^\d{1,20}$/),
      z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
    ],
    {
      error: 'must be a Dialpad id, all digits',
    },
  )
  .transform(String);
