export { type Kind, KINDS } from './kinds.js';
export { schemaOf } from './schemas.js';
