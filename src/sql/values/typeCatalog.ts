/** A row of pg_type, reduced to what is used here. */
export interface TypeEntry {
  readonly oid: number
  readonly arrayOid: number
  readonly delimiter?: string
}

// https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
/** The types with codecs, by name. */
export const catalog: Readonly<Record<string, TypeEntry>> = {
  bool: { oid: 16, arrayOid: 1000 },
  bytea: { oid: 17, arrayOid: 1001 },
  int8: { oid: 20, arrayOid: 1016 },
  int2: { oid: 21, arrayOid: 1005 },
  int4: { oid: 23, arrayOid: 1007 },
  text: { oid: 25, arrayOid: 1009 },
  oid: { oid: 26, arrayOid: 1028 },
  json: { oid: 114, arrayOid: 199 },
  point: { oid: 600, arrayOid: 1017 },
  box: { oid: 603, arrayOid: 1020, delimiter: ';' },
  float4: { oid: 700, arrayOid: 1021 },
  float8: { oid: 701, arrayOid: 1022 },
  money: { oid: 790, arrayOid: 791 },
  inet: { oid: 869, arrayOid: 1041 },
  cidr: { oid: 650, arrayOid: 651 },
  bpchar: { oid: 1042, arrayOid: 1014 },
  varchar: { oid: 1043, arrayOid: 1015 },
  name: { oid: 19, arrayOid: 1003 },
  date: { oid: 1082, arrayOid: 1182 },
  time: { oid: 1083, arrayOid: 1183 },
  timestamp: { oid: 1114, arrayOid: 1115 },
  timestamptz: { oid: 1184, arrayOid: 1185 },
  interval: { oid: 1186, arrayOid: 1187 },
  timetz: { oid: 1266, arrayOid: 1270 },
  numeric: { oid: 1700, arrayOid: 1231 },
  uuid: { oid: 2950, arrayOid: 2951 },
  jsonb: { oid: 3802, arrayOid: 3807 },
}
