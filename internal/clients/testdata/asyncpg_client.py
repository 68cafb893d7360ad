import asyncio
import asyncpg
from checking import check

ALL = "SELECT customer_id, cvp_predict('buy30', customer_id) FROM customers ORDER BY 1"


async def main():
    conn = await asyncpg.connect()
    rows = [tuple(r) for r in await conn.fetch("SELECT customer_id, buy30 FROM expected ORDER BY 1")]
    want = dict(rows)
    check("fetch", [tuple(r) for r in await conn.fetch(ALL)], rows)
    check("fetch again, from the statement cache", [tuple(r) for r in await conn.fetch(ALL)], rows)
    st = await conn.prepare("SELECT cvp_predict('buy30', $1::int) AS score")
    check("described", [(a.name, a.type.name) for a in st.get_attributes()], [("score", "float8")])
    check("parameters described", [p.name for p in st.get_parameters()], ["int4"])
    check("prepared", [await st.fetchval(k) for k in range(1, 20)], [want[k] for k in range(1, 20)])
    check("prepared, many", [r[0] for r in await st.fetchmany([(1,), (2,), (1000,)])], [want[1], want[2], None])
    check("key of text", await conn.fetchval("SELECT cvp_predict('buy30', $1)", "7"), want[7])
    check("an array of keys", [tuple(r) for r in await conn.fetch("SELECT k, cvp_predict('buy30', k) FROM unnest($1::int[]) AS k", [4, 2])], [(4, want[4]), (2, want[2])])
    async with conn.transaction():
        got = [tuple(r) async for r in conn.cursor(ALL, prefetch=13)]
        check("cursor", got, rows)
        cur = await conn.cursor("SELECT customer_id, buy30 FROM scored ORDER BY 1")
        got = await cur.fetch(3)
        got += await cur.fetch(2)
        check("cursor by hand over a view", [tuple(r) for r in got], rows[:5])
        check("forward in SQL on a cursor of the protocol", await cur.forward(4), 4)
        check("the row behind", tuple(await cur.fetchrow()), rows[9])
        cur = await conn.cursor(ALL)
        check("forward before the first fetch", await cur.forward(3), 3)
        check("the rows behind", [tuple(r) for r in await cur.fetch(1000)], rows[3:])
    await conn.execute("CREATE TEMP TABLE kept (customer_id int, score float8)")
    await conn.executemany("INSERT INTO kept SELECT $1::int, cvp_predict('buy30', $1::int)", [(1,), (2,), (3,)])
    check("executemany", [tuple(r) for r in await conn.fetch("SELECT * FROM kept ORDER BY 1")], rows[:3])
    import io
    out = io.BytesIO()
    check("copy_from_query", await conn.copy_from_query(ALL, output=out), f"COPY {len(rows)}")
    check("rows copied", len(out.getvalue().splitlines()), len(rows))
    try:
        await conn.fetch("SELECT cvp_predict('buy31', 1)")
    except asyncpg.UndefinedObjectError as e:
        check("error", (str(e).splitlines()[0], e.hint), ('model "buy31" does not exist', 'Did you mean "buy30"?'))
    await conn.close()

    async def once(pool, k):
        async with pool.acquire() as c:
            return await c.fetchval("SELECT cvp_predict('buy30', $1::int)", k)
    async with asyncpg.create_pool(min_size=2, max_size=4) as pool:
        check("pool", await asyncio.gather(*(once(pool, k) for k in range(1, 17))), [want[k] for k in range(1, 17)])


asyncio.run(main())
