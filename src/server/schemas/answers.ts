import { HTTP_PROBLEMS } from '../problem.js';
import { integer, list, object, oneOf, orNull, ref, type Schema, text } from './build.js';
import { DECISION_SCHEMA, EVIDENCE_SCHEMA, REASON_SCHEMA } from './decision.js';
import {
  DRIVE_ROW,
  JOURNAL_ENTRY,
  OPERATION_SCHEMA,
  OPERATION_WITH_STEPS,
  POLICY_ENTRY,
  RELOAD_STATUS,
  SERVER_ENTRY,
  SNAPSHOT_ROW,
  STATUS_SCHEMA,
  STEP_SCHEMA,
} from './rows.js';
import { EVENT, VIEW } from './view.js';

const ITEM_RESULT = object(
  'What became of one item.',
  {
    index: integer('Place of the item in the body, from 0.'),
    id: orNull(text('Id of the event; null for a heartbeat and for an item that became no event.')),
    result: oneOf(
      ['accepted', 'duplicate', 'conflict', 'ignored', 'rejected'],
      'Accepted: stored durably. Duplicate: known already, no effect. Conflict: this id was accepted with another content. Ignored: about no server of the inventory. Rejected: malformed.',
    ),
    code: text('With conflict, ignored and rejected: why, for programs.'),
    detail: text('With conflict, ignored and rejected: why, for people.'),
  },
  ['code', 'detail'],
);

/** The answer to every call that brings items. */
export const RESULTS: Schema = object('What became of each item.', {
  results: list(ref('ItemResult'), 'In the order of the items.'),
});

const PROBLEM: Schema = {
  type: 'object',
  description: 'A problem document, RFC 9457. Other members may stand beside these.',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: text('A URN that ends with the code.'),
    title: text('What the code means.'),
    status: integer('The HTTP status.'),
    code: oneOf(Object.keys(HTTP_PROBLEMS), 'A word of the closed set of HTTP problem codes.'),
    detail: text('What was found and what to do.'),
    instance: text('This one occurrence; the log knows it by the same name.'),
    offset: integer('With the codes of JSON: the place in the body, in UTF-16 units from 0.'),
    results: list(ref('ItemResult'), 'When every item of a call was bad.'),
    reasons: list(text('A reason.'), 'With NOT_READY.'),
  },
};

/** Schemas that routes refer to by name. */
export const COMPONENTS: Readonly<Record<string, Schema>> = {
  Problem: PROBLEM,
  ItemResult: ITEM_RESULT,
  Event: EVENT,
  Evidence: EVIDENCE_SCHEMA,
  Reason: REASON_SCHEMA,
  Decision: DECISION_SCHEMA,
  Operation: OPERATION_SCHEMA,
  OperationWithSteps: OPERATION_WITH_STEPS,
  Step: STEP_SCHEMA,
  View: VIEW,
  Drive: DRIVE_ROW,
  Snapshot: SNAPSHOT_ROW,
  JournalEntry: JOURNAL_ENTRY,
  ReloadStatus: RELOAD_STATUS,
  Status: STATUS_SCHEMA,
  Server: SERVER_ENTRY,
  Policy: POLICY_ENTRY,
};
