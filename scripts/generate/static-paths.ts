import * as z from 'zod';
import type { Contract } from '../../functions/_core/endpoint.ts';

/**
 * The paths under which a static endpoint is published: one, or one for each value that its parameters may have.
 * @throws Error when a parameter is not a closed list.
 */
export function staticPathsOf(contract: Contract): string[] {
  let paths = [contract.path];
  for (const [parameter, name = ''] of contract.path.matchAll(/:(\w+)/g)) {
    const schema: unknown = contract.input.shape[name];
    if (!(schema instanceof z.ZodEnum)) {
      throw new Error(`${contract.path} is static, so its parameter ${name} must be a z.enum.`);
    }
    paths = schema.options.flatMap((value) => paths.map((path) => path.replace(parameter, String(value))));
  }
  return paths.sort();
}
