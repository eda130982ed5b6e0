/** The same fields without those whose value is undefined: an update leaves out what it does not know. */
export function known<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const left: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const field in fields) {
    const value = fields[field];
    if (value !== undefined) left[field] = value as Exclude<T[typeof field], undefined>; // just tested
  }
  return left;
}
