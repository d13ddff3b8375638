/** What the text of a statement shows: whether it only reads, and whether it may share a connection. */

import { bareWords } from '../../sqlText/bareWords.ts'
import { type Remains, remainsOf } from './remains.ts'

/** What is known of a statement from its text. */
export interface Classification {
  /** The first word, in capitals. */
  readonly verb: string
  /** It changes nothing, so a replica may run it and it may be retried. False in doubt. */
  readonly reads: boolean
  /** It changes its session, so it is rejected outside a transaction. */
  readonly session: boolean
  /** What it leaves on its connection for the next user. */
  readonly remains: Remains | undefined
}

/** Classifies a text. */
export function classify(text: string): Classification {
  const words = bareWords(text)
  const verb = /\w+/.exec(words)?.[0].toUpperCase() ?? ''
  const remains = remainsOf(verb, words)
  return { verb, reads: isRead(verb, words), session: remains !== undefined || sessionVerbs.has(verb), remains }
}

/** First words of statements that cannot run on a shared connection. */
export const sessionVerbs: ReadonlySet<string> = new Set(
  (
    'BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE PREPARE EXECUTE DEALLOCATE SET RESET DISCARD LISTEN ' +
    'UNLISTEN LOCK DECLARE FETCH MOVE CLOSE COPY LOAD'
  ).split(' '),
)

function isRead(verb: string, words: string): boolean {
  if (verb === 'VALUES' || verb === 'TABLE') return !calls(words)
  if (verb !== 'SELECT' && verb !== 'WITH') return false
  if (/\b(insert|update|delete|merge|into|for\s+(no\s+key\s+)?update|for\s+(key\s+)?share)\b/i.test(words)) return false
  return !calls(words)
}

// A function may write; those of this list do not. The list includes words before a parenthesis that are no functions.
// Volatile functions such as now and random are allowed: a retry runs the whole statement.
const harmless = new Set(
  (
    'all and any array as between by case cast check coalesce collate count cross cube distinct else end except exists ' +
    'filter following from greatest group grouping having ilike in intersect is isnull join lateral least left like ' +
    'limit materialized not notnull nullif of offset on or order outer over overlaps partition position preceding ' +
    'range recursive right rollup row rows select sets similar some substring table tablesample then union using ' +
    'values when where window with within extract overlay trim interval ' +
    'abs age array_agg array_append array_cat array_length array_position array_prepend array_remove array_replace ' +
    'array_to_json array_to_string ascii avg bit_and bit_length bit_or bool_and bool_or btrim cardinality ceil ceiling ' +
    'char char_length character_length chr clock_timestamp concat concat_ws corr cume_dist current_setting date ' +
    'date_bin date_part date_trunc decimal decode dense_rank div encode every exp first_value float floor format ' +
    'format_type gen_random_uuid generate_series hashtext initcap int isfinite json_agg json_array_elements ' +
    'json_array_length json_build_array json_build_object json_object_agg jsonb_agg jsonb_array_elements ' +
    'jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text ' +
    'jsonb_extract_path jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists ' +
    'jsonb_path_query jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof ' +
    'json_to_record json_to_recordset lag last_value lead length ln log lower lpad ltrim make_date make_interval ' +
    'make_timestamp make_timestamptz max md5 min mod mode now nth_value ntile num_nonnulls num_nulls numeric ' +
    'octet_length percent_rank percentile_cont percentile_disc pg_backend_pid pg_is_in_recovery phraseto_tsquery pi plainto_tsquery ' +
    'power quote_ident quote_literal radians random rank regexp_count regexp_like regexp_match regexp_matches ' +
    'regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse round ' +
    'row_number row_to_json rpad rtrim scale setweight sha256 sha512 sign split_part sqrt starts_with ' +
    'statement_timestamp stddev strpos string_agg string_to_array substr sum tan time timestamp timestamptz to_char ' +
    'to_date to_json to_jsonb to_number to_timestamp to_tsquery to_tsvector translate trunc ts_headline ts_rank ' +
    'ts_rank_cd unnest upper uuidv4 uuidv7 varchar variance version websearch_to_tsquery width_bucket'
  ).split(' '),
)

function calls(words: string): boolean {
  for (const [, name] of words.matchAll(/([\w.]+|")\s*\(/g)) {
    if (!harmless.has(name!.toLowerCase().replace(/^pg_catalog\./, ''))) return true
  }
  return false
}
