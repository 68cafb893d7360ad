import java.sql.*;
import java.util.*;

/** pgjdbc as DBeaver and applications use it, run as a single source file. */
public class Client {
    static final String ALL = "SELECT customer_id, cvp_predict('buy30', customer_id) AS score FROM customers ORDER BY 1";

    static void check(String name, Object got, Object want) {
        if (!Objects.equals(got, want)) {
            throw new AssertionError(name + ": got " + got + ", want " + want);
        }
        System.out.println("ok " + name);
    }

    /** All rows as lists of getObject. */
    static List<List<Object>> rows(ResultSet r) throws SQLException {
        List<List<Object>> out = new ArrayList<>();
        while (r.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= r.getMetaData().getColumnCount(); i++) {
                row.add(r.getObject(i));
            }
            out.add(row);
        }
        return out;
    }

    /** One column of all rows, by name. */
    static List<Object> column(ResultSet r, String name) throws SQLException {
        List<Object> out = new ArrayList<>();
        while (r.next()) {
            out.add(r.getObject(name));
        }
        return out;
    }

    static Connection connect(String extra) throws SQLException {
        Map<String, String> env = System.getenv();
        return DriverManager.getConnection("jdbc:postgresql://" + env.get("PGHOST") + ":" + env.get("PGPORT") + "/" + env.get("PGDATABASE")
            + "?sslmode=disable&" + extra, env.get("PGUSER"), env.get("PGPASSWORD"));
    }

    public static void main(String[] args) throws SQLException {
        try (Connection c = connect("ApplicationName=DBeaver")) {
            metadata(c);
            queries("", c);
            cursors(c);
        }
        try (Connection c = connect("")) { // in simple mode pgjdbc gives the result's place as one more argument
            callable(c);
        }
        try (Connection c = connect("preferQueryMode=simple")) {
            queries("simple mode: ", c);
        }
        try (Connection c = connect("prepareThreshold=-1")) {
            queries("binary at once: ", c);
        }
        try (Connection c = connect("autosave=always&reWriteBatchedInserts=true")) {
            batches(c);
        }
    }

    static void metadata(Connection c) throws SQLException {
        DatabaseMetaData m = c.getMetaData();
        check("getTables: the views of a schema", column(m.getTables(null, "public", "%", new String[] {"VIEW"}), "TABLE_NAME"), List.of("precomputed", "scored"));
        check("getTables: views of cvp", column(m.getTables(null, "cvp", "cvp_%", new String[] {"VIEW"}), "TABLE_NAME").containsAll(List.of("cvp_models", "cvp_runs")), true);
        check("getColumns: of a view", column(m.getColumns(null, "public", "scored", "%"), "TYPE_NAME"), List.of("int4", "text", "text", "date", "float8"));
        Set<Object> functions = new TreeSet<>((List) column(m.getFunctions(null, "cvp", "cvp_%"), "FUNCTION_NAME"));
        check("getFunctions", functions.containsAll(List.of("cvp_evaluate", "cvp_predict", "cvp_predictions", "cvp_train")), true);
        check("getFunctions: remarks", column(m.getFunctions(null, "cvp", "cvp_predictions"), "REMARKS").get(0).toString().startsWith("predictions for every entity"), true);
        check("getFunctionColumns", column(m.getFunctionColumns(null, "cvp", "cvp_predictions", "%"), "COLUMN_NAME"), List.of("model", "key", "prediction", "decile"));
        check("getProcedures", column(m.getProcedures(null, "cvp", "cvp_%"), "PROCEDURE_NAME"), List.of());
        check("getPrimaryKeys", column(m.getPrimaryKeys(null, "public", "orders"), "COLUMN_NAME"), List.of("order_id"));
        check("getImportedKeys", column(m.getImportedKeys(null, "public", "orders"), "PKTABLE_NAME"), List.of("customers"));
        try (PreparedStatement p = c.prepareStatement("SELECT cvp_predict(?, ?::int) AS score FROM customers")) {
            check("metadata before the execution", p.getMetaData().getColumnTypeName(1) + " " + p.getMetaData().getColumnLabel(1), "float8 score");
            check("metadata of parameters", p.getParameterMetaData().getParameterTypeName(1) + " " + p.getParameterMetaData().getParameterTypeName(2), "text int4");
        }
    }

    static void queries(String mode, Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            List<List<Object>> want = rows(s.executeQuery("SELECT customer_id, buy30 FROM expected ORDER BY 1"));
            check(mode + "statement", rows(s.executeQuery(ALL)), want);
            check(mode + "a view", rows(s.executeQuery("SELECT customer_id, buy30 FROM scored ORDER BY 1")), want);
            s.setMaxRows(20);
            // in simple mode pgjdbc itself takes no notice of it
            check(mode + "maximum of rows", rows(s.executeQuery(ALL)), rows(s.executeQuery("SELECT customer_id, buy30 FROM expected ORDER BY 1")));
            s.setMaxRows(0);
            // From the fifth use on pgjdbc prepares on the server and takes floats in binary.
            try (PreparedStatement p = c.prepareStatement("SELECT cvp_predict('buy30', ?::int)")) {
                for (int i = 0; i < 12; i++) {
                    p.setInt(1, (Integer) want.get(i).get(0));
                    check(mode + "prepared, use " + (i + 1), rows(p.executeQuery()), List.of(Collections.singletonList(want.get(i).get(1))));
                }
            }
            try (PreparedStatement p = c.prepareStatement("SELECT customer_id, cvp_predict(?, customer_id) AS score FROM customers WHERE country = ? AND cvp_predict(?, customer_id) > ? ORDER BY 1")) {
                List<List<Object>> likely = rows(s.executeQuery("SELECT customer_id, buy30 FROM precomputed WHERE country = 'DE' AND buy30 > 0.5 ORDER BY 1"));
                for (int i = 0; i < 7; i++) {
                    p.setString(1, "buy30");
                    p.setString(2, "DE");
                    p.setString(3, "buy30");
                    p.setDouble(4, 0.5);
                    check(mode + "models as parameters, use " + (i + 1), rows(p.executeQuery()), likely);
                }
            }
            try (Statement back = c.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_READ_ONLY)) {
                ResultSet r = back.executeQuery(ALL);
                r.last();
                check(mode + "scrolled to the end", r.getRow(), want.size());
                r.absolute(3);
                check(mode + "scrolled back", r.getObject(2), want.get(2).get(1));
            }
            check(mode + "several statements", s.execute("SELECT 1; SELECT cvp_predict('buy30', 7)") && s.getMoreResults(), true);
            check(mode + "the second of them", rows(s.getResultSet()), List.of(List.of(want.get(6).get(1))));
            try {
                s.executeQuery("SELECT cvp_predict('buy31', 7)");
                throw new AssertionError("a model that is not there is no error");
            } catch (SQLException e) {
                check(mode + "error", e.getSQLState(), "42704");
            }
        }
    }

    static void callable(Connection c) throws SQLException {
        try (Statement s = c.createStatement(); CallableStatement f = c.prepareCall("{? = call cvp_predict(?, ?)}")) {
            List<List<Object>> want = rows(s.executeQuery("SELECT buy30 FROM expected WHERE customer_id <= 7 ORDER BY customer_id"));
            for (int k = 1; k <= 7; k++) {
                f.registerOutParameter(1, Types.DOUBLE);
                f.setString(2, "buy30");
                f.setInt(3, k);
                f.execute();
                check("call escape, use " + k, f.getDouble(1), want.get(k - 1).get(0));
            }
        }
    }

    static void cursors(Connection c) throws SQLException {
        c.setAutoCommit(false);
        try (Statement s = c.createStatement()) {
            List<List<Object>> want = rows(s.executeQuery("SELECT customer_id, buy30 FROM expected ORDER BY 1"));
            s.setFetchSize(17);
            check("fetch size", rows(s.executeQuery(ALL)), want);
            check("fetch size over a view", rows(s.executeQuery("SELECT customer_id, buy30 FROM scored ORDER BY 1")), want);
            try (PreparedStatement p = c.prepareStatement("SELECT customer_id, cvp_predict('buy30', customer_id) FROM customers WHERE customer_id <= ? ORDER BY 1")) {
                p.setFetchSize(11);
                for (int i = 0; i < 7; i++) {
                    p.setInt(1, 40);
                    check("fetch size, prepared, use " + (i + 1), rows(p.executeQuery()), want.subList(0, 40));
                }
                ResultSet left = p.executeQuery(); // two results open at once
                left.next();
                check("another statement between two fetches", rows(s.executeQuery("SELECT cvp_predict('buy30', 3)")), List.of(List.of(want.get(2).get(1))));
                check("and the rest", rows(left), want.subList(1, 40));
            }
            s.setFetchSize(0);
            Savepoint before = c.setSavepoint();
            try {
                s.executeQuery("SELECT cvp_predict('buy31', 7)");
                throw new AssertionError("a model that is not there is no error");
            } catch (SQLException e) {
                c.rollback(before);
            }
            check("after a savepoint", rows(s.executeQuery("SELECT cvp_predict('buy30', 3)")), List.of(List.of(want.get(2).get(1))));
        }
        c.rollback();
        c.setAutoCommit(true);
    }

    static void batches(Connection c) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute("CREATE TEMP TABLE kept (customer_id int, score float8)");
            try (PreparedStatement p = c.prepareStatement("INSERT INTO kept SELECT ?::int, cvp_predict('buy30', ?::int)")) {
                for (int k = 1; k <= 9; k++) {
                    p.setInt(1, k);
                    p.setInt(2, k);
                    p.addBatch();
                }
                check("batch", Arrays.toString(p.executeBatch()), "[1, 1, 1, 1, 1, 1, 1, 1, 1]");
            }
            check("rows of the batch", rows(s.executeQuery("SELECT count(*) FROM kept JOIN expected AS e USING (customer_id) WHERE e.buy30 = score")), List.of(List.of(9L)));
            c.setAutoCommit(false); // autosave sends a savepoint before each statement
            rows(s.executeQuery(ALL));
            try {
                s.executeQuery("SELECT cvp_predict('buy31', 7)");
            } catch (SQLException e) {
                check("autosave after an error", rows(s.executeQuery("SELECT count(cvp_predict('buy30', customer_id)) FROM customers")), List.of(List.of(300L)));
            }
            c.commit();
        }
    }
}
