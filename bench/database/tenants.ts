import { createHash } from 'node:crypto';

/** A company of the benchmark, the same in every run. */
export interface Tenant {
  number: number;
  companyId: string;
  userId: string;
  keyId: string;
  apiKey: string;
  /** Of all calls: Zipf's law with exponent 1.05, so that the largest has about a fifth of them. */
  share: number;
}

const digest = (text: string) => createHash('sha256').update(`trunkline bench ${text}`).digest();

function uuidOf(text: string): string {
  const hex = digest(text).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const exponent = 1.05;

export function makeTenants(count = 100): Tenant[] {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1) ** exponent);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight, number) => ({
    number,
    companyId: uuidOf(`company ${number}`),
    userId: uuidOf(`user ${number}`),
    keyId: uuidOf(`key row ${number}`),
    apiKey: `raw_${digest(`prefix ${number}`).toString('hex').slice(0, 12)}_${digest(`key ${number}`).toString('base64url')}`,
    share: weight / sum,
  }));
}
