/** How long a deleted company can still be brought back, before all that it has is erased. */
export const graceDays = 30;
