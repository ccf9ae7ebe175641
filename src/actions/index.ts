import type { OperationKind } from '../store/store.js';
import type { Action } from './action.js';
import { restartServer } from './restart-server.js';
import { retireSnapshot } from './retire-snapshot.js';
import { takeSnapshot } from './take-snapshot.js';

/** Every kind of operation and how it is carried out. */
export const actions: Readonly<Record<OperationKind, Action>> = {
  'take-snapshot': takeSnapshot,
  'restart-server': restartServer,
  'retire-snapshot': retireSnapshot,
};
