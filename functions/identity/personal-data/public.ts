/** What the jobs worker runs for `export-data`. */
export { makeExport } from './shared/make-export.ts';
