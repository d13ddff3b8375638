/**
 * Returns SQL that moves a table of an earlier release into the schema `tricube`, if it exists.
 *
 * A view with the same grants replaces it, so the earlier release can use the same rows during a deploy.
 */
export function moved({ from, to }: { readonly from: string; readonly to: string }): string {
  return `
    DO $$
    DECLARE
      old regclass := to_regclass('${from}');
      home text;
      granted record;
    BEGIN
      IF old IS NULL OR (SELECT relkind FROM pg_class WHERE oid = old) <> 'r' THEN
        RETURN;
      END IF;
      SELECT nspname INTO home FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = old;
      EXECUTE format('ALTER TABLE %s SET SCHEMA tricube', old);
      ALTER TABLE tricube.${from} RENAME TO ${to};
      EXECUTE format('CREATE VIEW %I.${from} AS SELECT * FROM tricube.${to}', home);
      FOR granted IN
        SELECT privilege_type AS privilege, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role
        FROM pg_class, aclexplode(relacl)
        WHERE pg_class.oid = old AND grantee <> relowner
          AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
      LOOP
        EXECUTE format('GRANT %s ON %I.${from} TO %s', granted.privilege, home, granted.role);
        EXECUTE format('GRANT USAGE ON SCHEMA tricube TO %s', granted.role);
        EXECUTE format('GRANT SELECT ON tricube.versions TO %s', granted.role);
      END LOOP;
    END
    $$;
  `
}
