-- Names that need quotes, composite keys, domains, enums, partitions, and a search_path with traps.
CREATE SCHEMA "we;ird "" schema";
CREATE TYPE "we;ird "" schema"."mood'" AS ENUM ('o''k', 'bad');
CREATE DOMAIN "we;ird "" schema".cents AS numeric(12,2) CHECK (VALUE >= 0);
CREATE DOMAIN "we;ird "" schema".price AS "we;ird "" schema".cents;
CREATE TABLE "we;ird "" schema"."Client" (tenant int, "No" uuid, "say ""hi""" text, PRIMARY KEY (tenant, "No"), UNIQUE ("No"));
CREATE TABLE "we;ird "" schema"."a;b" (tenant int, "clientNo" uuid, "Amount" "we;ird "" schema".price, "when" timestamp, mood "we;ird "" schema"."mood'",
	"ünï" text, "select" text, FOREIGN KEY (tenant, "clientNo") REFERENCES "we;ird "" schema"."Client") PARTITION BY RANGE ("when");
CREATE TABLE "we;ird "" schema".part1 PARTITION OF "we;ird "" schema"."a;b" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE "we;ird "" schema".part2 PARTITION OF "we;ird "" schema"."a;b" FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE "we;ird "" schema"."Order" ("Order" int PRIMARY KEY, "Client" uuid REFERENCES "we;ird "" schema"."Client" ("No"), "At" timestamptz);
INSERT INTO "we;ird "" schema"."Client" VALUES (1, '11111111-1111-1111-1111-111111111111', 'x'), (1, '22222222-2222-2222-2222-222222222222', 'y');
INSERT INTO "we;ird "" schema"."a;b" VALUES (1, '11111111-1111-1111-1111-111111111111', 5, '2020-05-01', 'o''k', 'ä', 's'),
	(1, '11111111-1111-1111-1111-111111111111', 6, '2021-05-01', 'bad', 'ö', 't'), (1, '22222222-2222-2222-2222-222222222222', NULL, '2021-06-01', NULL, NULL, NULL);
INSERT INTO "we;ird "" schema"."Order" VALUES (1, '11111111-1111-1111-1111-111111111111', '2020-05-01+00');
-- Whoever has this schema first on the search_path must not get other functions, operators and types from us.
CREATE SCHEMA trap;
CREATE FUNCTION trap.no(anyelement, anyelement) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.noint(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.nooid(oid, oid) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR trap.= (FUNCTION = trap.no, LEFTARG = anyelement, RIGHTARG = anyelement);
CREATE OPERATOR trap.= (FUNCTION = trap.noint, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR trap.= (FUNCTION = trap.nooid, LEFTARG = oid, RIGHTARG = oid);
CREATE OPERATOR trap.< (FUNCTION = trap.noint, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR trap.< (FUNCTION = trap.no, LEFTARG = anyelement, RIGHTARG = anyelement);
CREATE FUNCTION trap.timezone(text, timestamp) RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.isfinite(timestamp) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION trap.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE TABLE trap.pg_class (oid oid);
CREATE DOMAIN trap.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN trap.uuid AS pg_catalog.uuid CHECK (false);
