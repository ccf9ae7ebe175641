import type { DriverCatalogue } from '../policy-set.js';
import type { Problem } from '../problem.js';
import { capabilityProblems } from './capabilities.js';
import type { Corpus } from './corpus.js';
import { cronProblems } from './cron.js';
import { driverProblems } from './drivers.js';
import { inventoryProblems } from './inventory.js';
import { nameProblems } from './names.js';
import { referenceProblems } from './references.js';
import { scenarioProblems } from './scenarios.js';

/** What a schema cannot say: whether the documents fit each other, and the hardware. */
export function checkTogether(corpus: Corpus, drivers: DriverCatalogue): readonly Problem[] {
  return [
    ...nameProblems(corpus),
    ...referenceProblems(corpus),
    ...cronProblems(corpus),
    ...inventoryProblems(corpus),
    ...driverProblems(corpus, drivers),
    ...capabilityProblems(corpus, drivers),
    ...scenarioProblems(corpus),
  ];
}
