import sqlalchemy as sa
from sqlalchemy import func
from checking import check

for driver in ("psycopg", "psycopg2"):
    engine = sa.create_engine(f"postgresql+{driver}://")
    meta = sa.MetaData()
    with engine.connect() as conn:
        inspector = sa.inspect(conn)
        check(f"{driver}: views", sorted(inspector.get_view_names()), ["precomputed", "scored"])
        check(f"{driver}: columns of a view", [(c["name"], str(c["type"])) for c in inspector.get_columns("scored")][-1], ("buy30", "DOUBLE PRECISION"))
        check(f"{driver}: definition", "cvp_predict" in inspector.get_view_definition("scored"), True)
        check(f"{driver}: schemas", "cvp" in inspector.get_schema_names(), True)
        meta.reflect(conn, views=True)
        check(f"{driver}: foreign key", [f.target_fullname for f in meta.tables["orders"].foreign_keys], ["customers.customer_id"])
        customers, expected, scored = (meta.tables[n] for n in ("customers", "expected", "scored"))
        want = [tuple(r) for r in conn.execute(sa.select(expected.c.customer_id, expected.c.buy30).order_by(expected.c.customer_id))]
        score = func.cvp_predict("buy30", customers.c.customer_id, type_=sa.Float).label("score")
        got = conn.execute(sa.select(customers.c.customer_id, score).order_by(customers.c.customer_id))
        check(f"{driver}: select", [tuple(r) for r in got], want)
        got = conn.execute(sa.select(customers.c.customer_id).where(score > 0.5).order_by(score.desc(), customers.c.customer_id).limit(5)).scalars().all()
        check(f"{driver}: where, order and limit", got, [k for k, v in sorted((r for r in want if r[1] is not None and r[1] > 0.5), key=lambda r: (-r[1], r[0]))[:5]])
        sub = sa.select(customers.c.country, score).subquery()
        got = [tuple(r) for r in conn.execute(sa.select(sub.c.country, func.count(), func.max(sub.c.score)).group_by(sub.c.country).order_by(sub.c.country))]
        plain = sa.select(customers.c.country, expected.c.buy30).join(expected, expected.c.customer_id == customers.c.customer_id).subquery()
        check(f"{driver}: subquery and group", got, [tuple(r) for r in conn.execute(sa.select(plain.c.country, func.count(), func.max(plain.c.buy30)).group_by(plain.c.country).order_by(plain.c.country))])
        streamed = conn.execution_options(stream_results=True, yield_per=11).execute(sa.select(scored.c.customer_id, scored.c.buy30).order_by(scored.c.customer_id))
        check(f"{driver}: server-side cursor over a view", [tuple(r) for r in streamed], want)
    with engine.begin() as conn:
        conn.execute(sa.text("CREATE TEMP TABLE kept (customer_id int, score float8) ON COMMIT DROP"))
        kept = sa.table("kept", sa.column("customer_id"), sa.column("score"))
        conn.execute(sa.insert(kept).from_select(["customer_id", "score"], sa.select(customers.c.customer_id, score)))
        check(f"{driver}: insert from select", [tuple(r) for r in conn.execute(sa.select(kept.c.customer_id, kept.c.score).order_by(kept.c.customer_id))], want)
    engine.dispose()
