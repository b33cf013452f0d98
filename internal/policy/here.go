package policy

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the policy of the table that a statement means.

// Here gives the policy of the table that a statement means, and how the statement writes that table. ok is false where that
// is no single table by its name: here is then the model's own.
func (r *Registry) Here(stmt *gorm.Statement, p *Policy) (here *Policy, t statement.Table, ok bool) {
	named := stmt.TableExpr != nil || stmt.Table != "" && stmt.Table != p.Table
	if !named || stmt.TableExpr != nil && stmt.TableExpr.SQL == p.SQLTable {
		return p, statement.Table{Name: p.Table}, true
	}
	t, ok = statement.TableOf(stmt, r.Dialect)
	own, known := stmt.Settings.Load(ownTableKey{})
	switch {
	case !ok:
		return p, statement.Table{Name: p.Table}, false
	case r.Dialect.EqualNames(t.Name, p.Table):
		t.Name = p.Table
	case known && own == stmt.TableExpr:
		t.Name = p.own.Table
	}
	return p.On(t.Name), t, true
}

// TableOf is the table that a statement means, as it writes it.
func (r *Registry) TableOf(stmt *gorm.Statement, p *Policy) statement.Table {
	_, t, _ := r.Here(stmt, p)
	return t
}

// HereOrRefuse is Here for statements that cannot do without the table.
func (r *Registry) HereOrRefuse(stmt *gorm.Statement, p *Policy) (*Policy, statement.Table, error) {
	here, t, ok := r.Here(stmt, p)
	if !ok {
		return nil, t, fmt.Errorf("%w: what db.Table gives is no single table with rows of %s; give the name of one, such as %q, with an alias perhaps",
			fault.ErrUnsupported, p.Schema.Name, p.Table)
	}
	return here, t, nil
}

// OwnOnly refuses a table given by db.Table to a function that knows a model's rows by the model's own table. That table under
// another name is fine.
func (r *Registry) OwnOnly(db *gorm.DB, p *Policy, function string) error {
	db = Called(db)
	if err := r.Recognize(db, p, true); err != nil {
		return err
	}
	if here, _, ok := r.Here(db.Statement, p); ok && here == p {
		return nil
	}
	return fmt.Errorf("%w: softdelete.%s is for rows of %s in the model's own table %s, not for those of another; leave db.Table out",
		fault.ErrUnsupported, function, p.Schema.Name, p.Table)
}

// NoTable refuses a table given by db.Table, and conditions, to a function that is about several models.
func NoTable(db *gorm.DB, function string) error {
	stmt := Called(db).Statement
	if stmt.TableExpr == nil {
		_, where := stmt.Clauses["WHERE"]
		// Scopes add their conditions when a statement is built, which this function makes none of.
		scopes := reflect.ValueOf(stmt).Elem().FieldByName("scopes")
		if where || scopes.IsValid() && scopes.Len() > 0 {
			return fmt.Errorf("%w: softdelete.%s is about all that the models have, not about rows under conditions; call it with a session that has none",
				fault.ErrUnsupported, function)
		}
		return nil
	}
	return fmt.Errorf("%w: softdelete.%s is about the tables of the models, not about one; leave db.Table out", fault.ErrUnsupported, function)
}

// Called is the session that a caller's *gorm.DB stands for. That of a hook still shows the statement that the hook runs in,
// and one that has run a statement before the table of that.
func Called(db *gorm.DB) *gorm.DB {
	db = db.Clauses()
	if db.Statement.TableExpr == nil && db.Statement.Table != "" {
		db = db.Session(&gorm.Session{}).Clauses()
		db.Statement.Table = ""
	}
	return db
}

// ownTableKey is where, in a statement's settings, the expression stands that names the model's own table in other words.
type ownTableKey struct{}

// Recognize asks the database whether a table that a statement names is the model's own under another name, such as one with
// the schema that it stands in, where more than the rows' place hangs on that: erasures know rows by their table, and so do holds on rows that the statement
// destroys.
func (r *Registry) Recognize(db *gorm.DB, p *Policy, destroys bool) error {
	stmt := db.Statement
	if stmt.TableExpr == nil || p.Personal == nil && !destroys {
		return nil
	}
	here, t, ok := r.Here(stmt, p)
	if !ok || here == p.own {
		return nil
	}
	tx := statement.InWork(db, stmt.Context)
	tx.Config.DryRun = false
	same, err := r.Dialect.OneTable(tx, t.Name, p.own.Table)
	if same {
		stmt.Settings.Store(ownTableKey{}, stmt.TableExpr)
	}
	return err
}

// Call makes GORM qualify columns with what a statement calls its table: GORM does not find a name in quotes.
func Call(stmt *gorm.Statement, t statement.Table) {
	if stmt.TableExpr != nil {
		stmt.Table = t.Called()
	}
}

// PolicyHere gives the policy of the table that a statement writes to, nil where its model has none. A wrong tag fails the
// statement.
func (r *Registry) PolicyHere(db *gorm.DB) *Policy {
	p := r.PolicyFor(db)
	if p == nil {
		return nil
	}
	here, t, ok := r.Here(db.Statement, p)
	if ok {
		Call(db.Statement, t)
	}
	return here
}
