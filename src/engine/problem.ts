/** A file as it was read: the engine itself never touches the disk. */
export interface SourceFile {
  /** The path to print: relative to the working directory where that is possible. */
  readonly path: string;
  /** The path inside the policy folder, with `/`; goes into the revision, so that a folder may move. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One thing that is wrong in a document, for the person who has to mend it. */
export interface Problem {
  /** A word of the closed set of problem codes. */
  readonly code: ProblemCode;
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based, in characters. */
  readonly column: number;
  /** Where in the document: `spec.when.all[0].operator`; empty for the document as a whole. */
  readonly path: string;
  /** What was expected and what was found. */
  readonly message: string;
  /** What to do next; empty when the message says it all. */
  readonly hint: string;
  /** The source line and a caret under the place. */
  readonly excerpt: string;
}

/** The closed set of problem codes. */
export const PROBLEM_CODES = [
  'FILE_ENCODING',
  'POLICY_DIR',
  'POLICY_EMPTY',
  'POLICY_INCOMPLETE',
  'POLICY_TOO_LARGE',
  'POLICY_DUPLICATE_NAME',
  'YAML_SYNTAX',
  'YAML_TAB',
  'YAML_DUPLICATE_KEY',
  'YAML_KEY_TYPE',
  'YAML_ALIAS_FORBIDDEN',
  'YAML_TAG_FORBIDDEN',
  'YAML_DIRECTIVE_FORBIDDEN',
  'YAML_MERGE_FORBIDDEN',
  'YAML_TOO_DEEP',
  'KEY_FORBIDDEN',
  'NUMBER_RANGE',
  'OCTAL_AMBIGUOUS',
  'API_VERSION',
  'KIND_UNKNOWN',
  'SCHEMA_UNKNOWN_KEY',
  'SCHEMA_MISSING_KEY',
  'SCHEMA_TYPE',
  'SCHEMA_VALUE',
  'RANGE',
  'DURATION_UNIT',
  'DURATION_RANGE',
  'SIZE_UNIT',
  'CRON_SYNTAX',
  'RULE_ALWAYS_TRUE',
  'RULE_AMBIGUOUS',
  'RULE_TOO_DEEP',
  'RULE_UNKNOWN_OPERATOR',
  'RULE_UNKNOWN_FACT',
  'RULE_VALUE_TYPE',
  'PATH_SYNTAX',
  'PATH_FORBIDDEN',
  'PATH_UNKNOWN',
  'REF_UNKNOWN',
  'DRIVE_ROTATION_IMPOSSIBLE',
  'DRIVE_SAME_DEVICE',
  'BACKUP_HAS_DISK',
  'ACTIVE_WITHOUT_DISK',
  'DISK_SHARED',
  'DISK_UNREACHABLE',
  'CAPABILITY_MISSING',
  'FENCE_MISSING',
  'DRIVER_SETTINGS',
  'SECRET_INLINE',
  'NOT_USABLE',
  'INVENTORY_MISSING',
  'INVENTORY_AMBIGUOUS',
  'SCENARIO_ORDER',
  'LOADER_DEFECT',
] as const;

export type ProblemCode = (typeof PROBLEM_CODES)[number];
