import type { EngineEvent } from '../../engine/event.js';
import type { Paint } from '../terminal.js';
import { table, type Cell } from './table.js';

/** What came in, as it was understood. */
export function eventText(event: EngineEvent, paint: Paint): string {
  return `${paint.bold('event')}\n${table(contentOf(event), { indent: '  ' })}`;
}

function contentOf(event: EngineEvent): Cell[][] {
  switch (event.kind) {
    case 'alert':
      return [
        ['alert', `${event.status}, from ${event.source}`],
        ...(event.value === undefined ? [] : [['value', String(event.value)]]),
        ...words('label', event.labels),
        ...words('annotation', event.annotations),
      ];
    case 'failure':
      return [['failure', `of the ${event.subject}, cause ${event.cause} (${event.causeClass})`]];
    case 'schedule':
      return [['schedule', `due by policy ${event.policy}`]];
    case 'snapshot-order': {
      const asked = event.drive === undefined ? '' : `, on ${event.drive}`;
      return [
        [
          'order',
          `snapshot by ${event.by}, condition ${event.condition}${event.pinned ? ', pinned' : ''}${asked}`,
        ],
      ];
    }
    case 'restart-order':
      return [['order', `restart by ${event.by}: ${event.reason}`]];
    case 'takeover':
      return [['takeover', `completed, by policy ${event.policy}`]];
    case 'retention':
      return [['retention', 'a snapshot has completed']];
  }
}

function words(what: string, all: Readonly<Record<string, string>>): Cell[][] {
  return Object.entries(all).map(([name, value]) => [what, `${name}=${value}`]);
}
