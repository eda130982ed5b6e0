// Generated from nothing that could change by `npm run generate`. Do not edit.
import { handEverythingOver } from '#core/hand-over.ts';

handEverythingOver();
