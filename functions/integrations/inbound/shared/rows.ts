import type { Merged } from './merge.ts';
import type { Target } from './targets.ts';

/** A stored row as JSON made by Postgres: times in ISO form, numerics as text, `state_at` in epoch milliseconds. */
export type StoredRow = Record<string, unknown>;

/** In `field_clocks`: the column holds a stand-in, since no update has known the field. The time is the earliest one's. */
const standInMark = (field: string) => `?${field}`;

/** What a stored row was merged from. */
export function mergedOf(row: StoredRow, target: Target): Merged {
  const clocks = { ...(row.field_clocks as Merged['clocks']) };
  const values: Record<string, unknown> = {};
  const { anchor } = target.standIns;
  const anchorMark = clocks[standInMark(anchor)];
  for (const { field, column, type } of target.columns) {
    const mark = standInMark(field);
    if (clocks[mark]) {
      delete clocks[mark];
      continue;
    }
    const value = row[column];
    if (value === null || value === undefined) continue;
    if (type === 'jsonb') {
      for (const [key, inner] of Object.entries(value)) values[`${field}.${key}`] = inner;
    } else if (type !== 'text[]' || (value as unknown[]).length > 0) {
      values[field] = value;
    }
  }
  return {
    clock: { rank: Number(row.state_rank), at: Number(row.state_at) },
    values,
    clocks,
    firstAt: anchorMark ? anchorMark[1] : Number.MAX_SAFE_INTEGER,
  };
}

const isoOf = (epochMs: number) => new Date(Math.min(Math.max(epochMs, 0), 7_258_118_400_000)).toISOString();

/** The row to store: columns by name, ready for jsonb_to_recordset. */
export function storedOf(merged: Merged, target: Target): StoredRow {
  const { values, clock } = merged;
  const row: StoredRow = { state_rank: clock.rank, state_at: isoOf(clock.at) };
  const clocks: Record<string, readonly [number, number]> = { ...merged.clocks };
  for (const { field, column, type } of target.columns) {
    if (type === 'jsonb') row[column] = objectOf(values, field);
    else row[column] = values[field] ?? (type === 'text[]' ? [] : null);
  }
  const { status, anchor } = target.standIns;
  const anchorColumn = target.columns.find(({ field }) => field === anchor)?.column ?? anchor;
  if (values[anchor] === undefined) {
    row[anchorColumn] = isoOf(merged.firstAt);
    clocks[standInMark(anchor)] = [0, merged.firstAt];
  }
  if (status && values.status === undefined) {
    row.status = status(clock.rank);
    clocks[standInMark('status')] = [0, 0];
  }
  row.field_clocks = clocks;
  return row;
}

function objectOf(values: Record<string, unknown>, field: string): Record<string, unknown> {
  const prefix = `${field}.`;
  const object: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith(prefix)) object[name.slice(prefix.length)] = value;
  }
  return object;
}

/** The fields of an update as the merge wants them: flat, absent ones left out, objects key by key. */
export function valuesOf(
  fields: object,
  objects: Record<string, Record<string, unknown> | undefined> = {},
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) values[field] = value;
  }
  for (const [field, object] of Object.entries(objects)) {
    for (const [key, value] of Object.entries(object ?? {})) {
      if (value !== undefined && value !== null) values[`${field}.${key}`] = value;
    }
  }
  return values;
}
