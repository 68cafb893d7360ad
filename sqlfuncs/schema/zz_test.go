package schema
import ("testing";"fmt";"time";"os";"os/exec";"strings";"cvp/testdata";"cvp/internal/pgtest")
func TestZZ(t *testing.T){
 db:=pgtest.Database(t)
 conn:=pgtest.Connect(t,db)
 t0:=time.Now()
 if err:=testdata.LoadOnlineRetail(t.Context(),conn,nil);err!=nil{t.Fatal(err)}
 fmt.Println("loaded",time.Since(t0))
 if err:=testdata.LoadCDNOW(t.Context(),conn,nil);err!=nil{t.Fatal(err)}
 execute(t,conn,`CREATE SCHEMA cj; SET search_path=cj; CREATE TABLE households(household_id int primary key);
 CREATE TABLE products(product_id int primary key, manufacturer_id int, department text, brand text, product_category text, product_type text, package_size text);
 CREATE TABLE transactions(household_id int references households, store_id int, basket_id bigint, product_id int, quantity int, sales_value numeric, retail_disc numeric, coupon_disc numeric, coupon_match_disc numeric, week int, transaction_timestamp timestamp)`)
 cp:=func(f,tbl string){
  out,err:=exec.Command("bash","-c","zcat /work/shared/data/complete_journey/"+f+".csv.gz | sed 's/,NA/,/g' | psql -q '"+db+"' -c 'copy cj."+tbl+" from stdin csv header'").CombinedOutput()
  if err!=nil{t.Fatal(string(out))}
 }
 execute(t,conn,`SET search_path=cj`)
 out,_:=exec.Command("bash","-c","zcat /work/shared/data/complete_journey/transactions.csv.gz | tail -n +2 | cut -d, -f1 | sort -u | psql -q '"+db+"' -c 'copy cj.households from stdin'").CombinedOutput(); fmt.Print(string(out))
 cp("products","products"); cp("transactions","transactions")
 execute(t,conn,`CREATE INDEX ON transactions(household_id, transaction_timestamp); alter table transactions add foreign key (product_id) references products not valid; ANALYZE`)
 for _,c:=range []struct{q,p string}{
 {"PREDICT EXISTS(order_lines.* WHERE product_id LIKE '85%') OVER NEXT 90 DAYS FOR EACH customers.customer_id","public"},
 {"PREDICT SUM(orders.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id","public"},
 {"PREDICT SUM(cdnow_transactions.amount) OVER NEXT 90 DAYS FOR EACH cdnow_customers.customer_id","public"},
 {"PREDICT COUNT(transactions.* WHERE product_category = 'BEERS/ALES') > 0 OVER NEXT 30 DAYS FOR EACH households.household_id","cj"},
 {"PREDICT COUNT(transactions.*) = 0 OVER NEXT 30 DAYS FOR EACH households.household_id","cj"},
 }{
  execute(t,conn,"SET search_path="+c.p)
  t0=time.Now()
  s,err:=ask(t,conn.PgConn(),c.q,Options{})
  if err!=nil{t.Fatal(err)}
  fmt.Println(c.q,time.Since(t0)); fmt.Println(" ",s.Path,s.Time,s.Group,s.Indexed,s.Notes); fmt.Println(" ",named(s.Columns),"|",named(s.Attributes))
  for range 2 {
  t0=time.Now(); f,_:=os.Create("/dev/null")
  tag,err:=conn.PgConn().CopyTo(t.Context(),f,"COPY ("+s.EventsBefore(time.Time{}).SQL+") TO STDOUT (FORMAT binary)")
  fmt.Println("  copy",tag,err,time.Since(t0))
  }
  rows:=rows(t,conn,Query{SQL:"EXPLAIN "+s.EventsSQL(false,false).SQL}); _=rows
  r,_:=conn.Query(t.Context(),"EXPLAIN ANALYZE "+s.EventsSQL(true,true).SQL,time.Now(),[]string{"1000","12346"}); for r.Next(){v,_:=r.Values(); fmt.Println("     ",v[0])}
 }
 _=strings.Join
}
