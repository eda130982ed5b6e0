// Generated from nothing that could change by `npm run generate`. Do not edit.
import { handEverythingOver } from '#core/work/hand-over.ts';

handEverythingOver();
