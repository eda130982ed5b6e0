/** What `work` gives, or an error once it takes longer: a probe must answer while what it probes hangs. */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  work.catch(() => {}); // once late, nobody else looks at it
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
