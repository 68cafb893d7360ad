-- What the catalogue says about the relations that a question may touch, as one JSON document.
-- $1 text[]: names as the client would write them.  $2 int: how many foreign keys to follow from each.
-- Every operator is qualified: the client's search_path decides what $1 means and nothing else.
WITH RECURSIVE named(place, oid) AS (
	SELECT n.place, pg_catalog.to_regclass(n.name)::pg_catalog.oid
	FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS n(name, place)
), links AS NOT MATERIALIZED (
	-- Foreign keys as they were declared: one to a partitioned table has copies, towards each of its partitions.
	SELECT c.*
	FROM pg_catalog.pg_constraint c
	WHERE c.contype OPERATOR(pg_catalog.=) 'f'::pg_catalog."char"
		AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_constraint p
			WHERE p.oid OPERATOR(pg_catalog.=) c.conparentid AND p.conrelid OPERATOR(pg_catalog.=) c.conrelid)
), referring(oid) AS (
	-- Tables that refer to the second name, which a question is about, and those that refer to these: other events.
	SELECT l.conrelid
	FROM named n JOIN links l ON l.confrelid OPERATOR(pg_catalog.=) n.oid
		JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.conrelid
	WHERE n.place OPERATOR(pg_catalog.=) 2::pg_catalog.int8 AND NOT c.relispartition
), beginning(oid, hops) AS (
	SELECT n.oid, 0 FROM named n WHERE n.oid IS NOT NULL
	UNION
	SELECT r.oid, 1 FROM referring r WHERE $2::pg_catalog.int4 OPERATOR(pg_catalog.>) 1
	UNION
	SELECT l.conrelid, 1
	FROM referring r JOIN links l ON l.confrelid OPERATOR(pg_catalog.=) r.oid
		JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.conrelid
	WHERE $2::pg_catalog.int4 OPERATOR(pg_catalog.>) 1 AND NOT c.relispartition
), reached(oid, hops) AS (
	SELECT b.oid, b.hops FROM beginning b
	UNION
	SELECT l.confrelid, r.hops OPERATOR(pg_catalog.+) 1
	FROM reached r JOIN links l ON l.conrelid OPERATOR(pg_catalog.=) r.oid
	WHERE r.hops OPERATOR(pg_catalog.<) $2::pg_catalog.int4
), relevant(oid) AS (
	SELECT r.oid FROM reached r
	UNION
	-- Tables that say more about a named one, row for row: their primary key refers to it.
	SELECT l.conrelid
	FROM named n JOIN links l ON l.confrelid OPERATOR(pg_catalog.=) n.oid
		JOIN pg_catalog.pg_constraint k ON k.conrelid OPERATOR(pg_catalog.=) l.conrelid
			AND k.contype OPERATOR(pg_catalog.=) 'p'::pg_catalog."char" AND k.conkey OPERATOR(pg_catalog.=) l.conkey
		JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.conrelid
	WHERE NOT c.relispartition AND $2::pg_catalog.int4 OPERATOR(pg_catalog.>) 0
)
SELECT pg_catalog.json_build_object(
	'named', (SELECT pg_catalog.json_agg(n.oid::pg_catalog.int8 ORDER BY n.place) FROM named n),
	'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
		'oid', c.oid::pg_catalog.int8,
		'schema', s.nspname,
		'name', c.relname,
		'kind', c.relkind,
		'rows', CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'p'::pg_catalog."char" THEN (
				SELECT COALESCE(pg_catalog.sum(leaf.reltuples), (-1)::pg_catalog.float4)
				FROM pg_catalog.pg_partition_tree(c.oid) t
					JOIN pg_catalog.pg_class leaf ON leaf.oid OPERATOR(pg_catalog.=) t.relid::pg_catalog.oid
				WHERE t.isleaf AND leaf.reltuples OPERATOR(pg_catalog.>=) 0::pg_catalog.float4)
			ELSE c.reltuples END,
		'columns', (
			SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
				'number', a.attnum,
				'name', a.attname,
				'type', a.atttypid::pg_catalog.int8,
				'type_name', pg_catalog.format_type(a.atttypid, a.atttypmod),
				'base', b.oid::pg_catalog.int8,
				'base_name', pg_catalog.format('%I.%I', bs.nspname, b.typname),
				'category', b.typcategory,
				'enum', b.typtype OPERATOR(pg_catalog.=) 'e'::pg_catalog."char",
				'length', CASE WHEN a.atttypid::pg_catalog.int8 OPERATOR(pg_catalog.=) 1043::pg_catalog.int8
						AND a.atttypmod OPERATOR(pg_catalog.>) 4
					THEN a.atttypmod OPERATOR(pg_catalog.-) 4 ELSE 0 END,
				'not_null', a.attnotnull,
				'readable', pg_catalog.has_schema_privilege(s.oid, 'USAGE') AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
				'distinct', COALESCE(st.n_distinct, 0::pg_catalog.float4),
				'width', COALESCE(st.avg_width, 0)) ORDER BY a.attnum)
			FROM pg_catalog.pg_attribute a
				JOIN pg_catalog.pg_type ty ON ty.oid OPERATOR(pg_catalog.=) a.atttypid
				JOIN pg_catalog.pg_type b ON b.oid OPERATOR(pg_catalog.=) CASE
					WHEN ty.typtype OPERATOR(pg_catalog.<>) 'd'::pg_catalog."char" THEN ty.oid
					ELSE (
						WITH RECURSIVE domains(oid, base) AS (
							SELECT ty.oid, ty.typbasetype
							UNION ALL
							SELECT t.oid, t.typbasetype
							FROM domains d JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) d.base)
						SELECT d.oid FROM domains d WHERE d.base OPERATOR(pg_catalog.=) 0::pg_catalog.oid)
					END
				JOIN pg_catalog.pg_namespace bs ON bs.oid OPERATOR(pg_catalog.=) b.typnamespace
				LEFT JOIN (
					SELECT DISTINCT ON (x.attname) x.attname, x.n_distinct, x.avg_width
					FROM pg_catalog.pg_stats x
					WHERE x.schemaname OPERATOR(pg_catalog.=) s.nspname AND x.tablename OPERATOR(pg_catalog.=) c.relname
					ORDER BY x.attname, x.inherited DESC
				) st ON st.attname OPERATOR(pg_catalog.=) a.attname
			WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2 AND NOT a.attisdropped),
		'indexes', (
			SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
				'name', ic.relname,
				'columns', (
					SELECT pg_catalog.json_agg(k.number ORDER BY k.place)
					FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(number, place)
					WHERE k.place OPERATOR(pg_catalog.<=) i.indnkeyatts::pg_catalog.int8),
				'unique', i.indisunique AND i.indimmediate,
				'primary', i.indisprimary) ORDER BY i.indisprimary DESC, ic.relname)
			FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid OPERATOR(pg_catalog.=) i.indexrelid
			WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid AND i.indisvalid AND i.indpred IS NULL),
		'foreign_keys', (
			SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
				'name', l.conname,
				'columns', l.conkey,
				'to', l.confrelid::pg_catalog.int8,
				'to_columns', l.confkey,
				'equal', (
					SELECT pg_catalog.json_agg(pg_catalog.format('OPERATOR(%I.%s)', os.nspname, o.oprname) ORDER BY e.place)
					FROM pg_catalog.unnest(l.conpfeqop) WITH ORDINALITY AS e(operator, place)
						JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) e.operator
						JOIN pg_catalog.pg_namespace os ON os.oid OPERATOR(pg_catalog.=) o.oprnamespace),
				'valid', l.convalidated) ORDER BY l.conkey, l.conname)
			FROM links l WHERE l.conrelid OPERATOR(pg_catalog.=) c.oid)
		) ORDER BY s.nspname, c.relname)
		FROM relevant r
			JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.oid
			JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace)
)
