import psycopg
from checking import check

ONE = "SELECT cvp_predict('buy30', %s::int)"
ALL = "SELECT customer_id, cvp_predict('buy30', customer_id) FROM customers ORDER BY 1"

with psycopg.connect("", autocommit=True) as conn:
    want = dict(conn.execute("SELECT customer_id, buy30 FROM expected").fetchall())
    rows = sorted(want.items())
    check("simple", conn.execute(ALL, prepare=False).fetchall(), rows)
    check("binary", conn.execute(ALL, binary=True).fetchall(), rows)
    check("prepared at once", conn.execute(ALL, prepare=True).fetchall(), rows)
    check("prepared after five uses", [conn.execute(ONE, (k,)).fetchone()[0] for k, _ in rows[:12]], [v for _, v in rows[:12]])
    check("prepared indeed", conn.execute("SELECT count(*) > 0 FROM pg_prepared_statements WHERE statement LIKE '%%cvp_predict%%$1%%'").fetchone()[0], True)
    check("model as a parameter", conn.execute("SELECT cvp_predict(%s, %s::int)", ("buy30", 7)).fetchone()[0], want[7])
    check("text key", conn.execute("SELECT cvp_predict('buy30', %s)", ("7",)).fetchone()[0], want[7])
    check("null key", conn.execute("SELECT cvp_predict('buy30', %s::int)", (None,)).fetchone()[0], None)
    check("a list of keys", conn.execute("SELECT k, cvp_predict('buy30', k) FROM unnest(%s::int[]) AS k ORDER BY 1", ([3, 1000, 5],)).fetchall(),
          [(3, want[3]), (5, want[5]), (1000, None)])
    check("client cursor", psycopg.ClientCursor(conn).execute(ONE, (9,)).fetchone()[0], want[9])
    check("raw cursor", psycopg.RawCursor(conn).execute("SELECT cvp_predict('buy30', $1::int)", (9,)).fetchone()[0], want[9])
    check("several statements", psycopg.ClientCursor(conn).execute("SELECT 1; " + ALL).nextset(), True)
    with conn.cursor() as cur:
        cur.execute(ALL)
        check("described", [(c.name, c.type_code) for c in cur.description], [("customer_id", 23), ("cvp_predict", 701)])
    with conn.cursor() as cur:
        cur.executemany(ONE, [(1,), (2,), (1000,)], returning=True)
        got = [cur.fetchone()[0]]
        while cur.nextset():
            got.append(cur.fetchone()[0])
        check("executemany", got, [want[1], want[2], want[1000]])
    with conn.pipeline() as p:
        cursors = [conn.execute(ONE, (k,)) for k in range(1, 21)]
        p.sync()
        check("pipeline", [c.fetchone()[0] for c in cursors], [want[k] for k in range(1, 21)])
    try:
        with conn.pipeline():
            conn.execute("CREATE TABLE piped (k int)")
            conn.execute("INSERT INTO piped SELECT 1 WHERE cvp_predict('buy30', 1) IS NOT NULL")
            conn.execute("SELECT cvp_predict('no such model', 1)")
    except psycopg.errors.UndefinedObject as e:
        check("error in a pipeline", e.diag.message_primary, 'model "no such model" does not exist')
    check("a failed pipeline leaves nothing", conn.execute("SELECT to_regclass('piped')").fetchone()[0], None)
    check("stream", list(conn.cursor().stream(ALL)), rows)
    with conn.cursor().copy("COPY (" + ALL + ") TO STDOUT") as copy:
        copy.set_types(["int4", "float8"])
        check("copy", list(copy.rows()), rows)
    with conn.cursor().copy("COPY (" + ALL + ") TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "float8"])
        check("copy binary", list(copy.rows()), rows)

with psycopg.connect("") as conn:
    with conn.cursor(name="scores") as cur:
        cur.execute(ALL)
        got = cur.fetchmany(10)
        cur.scroll(5)
        got += cur.fetchall()
        check("named cursor", got, rows[:10] + rows[15:])
    with conn.cursor(name="some", scrollable=True, binary=True) as cur:
        cur.itersize = 7
        cur.execute("SELECT customer_id, buy30 FROM scored WHERE buy30 > %s ORDER BY 1", (0.5,))
        likely = [r for r in rows if r[1] is not None and r[1] > 0.5]
        check("named cursor over a view", list(cur), likely)
        cur.scroll(2, mode="absolute")
        check("scrolled back", cur.fetchone(), likely[2])
        cur.scroll(-2)
        check("scrolled back by some", cur.fetchmany(2), likely[1:3])
    with conn.cursor(name="held", withhold=True) as cur:
        cur.execute(ALL)
        check("before the commit", cur.fetchmany(3), rows[:3])
        conn.commit()
        check("a cursor that outlives its transaction", cur.fetchall(), rows[3:])
    conn.execute("INSERT INTO customers VALUES (3000, 'Mine', 'UK', '2023-01-01')")
    conn.execute("INSERT INTO orders VALUES (800000, 3000, '2023-10-30', 9, 'web')")
    check("own uncommitted rows", conn.execute("SELECT cvp_predict('buy30', 3000) IS NOT NULL").fetchone()[0], True)
    with conn.transaction(force_rollback=True):
        try:
            conn.execute("SELECT cvp_predict('buy31', 1)")
        except psycopg.errors.UndefinedObject as e:
            check("hint", e.diag.message_hint, 'Did you mean "buy30"?')
            raise psycopg.Rollback()
    check("after a savepoint", conn.execute(ONE, (5,)).fetchone()[0], want[5])
    conn.rollback()
    check("after a rollback", conn.execute("SELECT cvp_predict('buy30', 3000)").fetchone()[0], None)
