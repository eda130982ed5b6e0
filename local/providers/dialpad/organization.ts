export interface StandInUser {
  id: number;
  name: string;
  email: string;
  phone: string;
}

/** The Dialpad customer that calls come in for. */
export interface Organization {
  /** Of the whole company. The stand-in's events name the office only, as most of Dialpad's do. */
  companyId: number;
  officeId: number;
  mainLine: { name: string; phone: string };
  callCenter: { id: number; name: string; phone: string };
  /** At least three. */
  users: readonly [StandInUser, StandInUser, StandInUser, ...StandInUser[]];
}

/** An organization of its own for each number, so that tenants can be told apart by `target.office_id`. */
export function organization(number = 0): Organization {
  const base = 5_012_345_678_000_000 + number * 1_000;
  const phone = (line: number) => `+1415555${String((number * 10 + line) % 10_000).padStart(4, '0')}`;
  const user = (index: number, name: string): StandInUser => ({
    id: base + 10 + index,
    name,
    email: `${name.split(' ')[0]?.toLowerCase()}@org${number}.example.com`,
    phone: phone(3 + index),
  });
  return {
    companyId: base,
    officeId: base + 1,
    mainLine: { name: 'Main line', phone: phone(1) },
    callCenter: { id: base + 2, name: 'Support', phone: phone(2) },
    users: [user(0, 'Ana Ruiz'), user(1, 'Ben Okafor'), user(2, 'Chloe Martin')],
  };
}
