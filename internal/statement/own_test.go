package statement_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// tenantUser is a model of an application that gives every row and every query a tenant.
type tenantUser struct {
	ID        int
	Tenant    string
	Email     string `pii:"null"`
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`
	Notes     []tenantNote   `gorm:"foreignKey:UserID" softdelete:"cascade"`
}

func (tenantUser) TableName() string { return "tenant_users" }

type tenantNote struct {
	ID        int
	Tenant    string
	UserID    *int
	Text      string         `pii:"null"`
	DeletedAt gorm.DeletedAt `gorm:"index"`
}

func (tenantNote) TableName() string { return "tenant_notes" }

var errUnknownTable = errors.New("this table belongs to no tenant")

// divide gives every statement a tenant, and fails those about tables that have none.
func divide(t *testing.T, db *gorm.DB) {
	t.Helper()
	known := func(db *gorm.DB) bool {
		if strings.HasPrefix(db.Statement.Table, "softdelete_") {
			require.ErrorIs(t, db.AddError(errUnknownTable), errUnknownTable)
			return false
		}
		return true
	}
	ask := func(db *gorm.DB) {
		if known(db) {
			tenant := clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "tenant"}, Value: "north"}
			db.Statement.AddClause(clause.Where{Exprs: []clause.Expression{tenant}})
		}
	}
	require.NoError(t, db.Callback().Query().Before("gorm:query").Register("tenant", ask))
	require.NoError(t, db.Callback().Row().Before("gorm:row").Register("tenant", ask))
	require.NoError(t, db.Callback().Update().Before("gorm:update").Register("tenant", ask))
	require.NoError(t, db.Callback().Delete().Before("gorm:delete").Register("tenant", ask))
	require.NoError(t, db.Callback().Create().Before("gorm:create").Register("tenant", func(db *gorm.DB) {
		if known(db) {
			db.Statement.SetColumn("Tenant", "north")
		}
	}))
}

func TestNothingOfTheApplicationReachesTheTablesOfThePlugin(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		party := fixture.NewParty("party", 0)
		config := softdelete.Config{
			Models: []any{&tenantUser{}, &tenantNote{}}, Processors: []softdelete.Processor{party}, Ledger: true, Holds: true, ErasureBatch: 2,
		}
		db := fixture.Open(t, database, config, &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "app_", SingularTable: true}})
		divide(t, db)
		require.NoError(t, db.Create(&tenantUser{ID: 1, Email: "a@example.com", Notes: []tenantNote{{Text: "one"}, {Text: "two"}, {Text: "three"}}}).Error)
		// What is left in a session is about the caller's statement.
		user, session := &tenantUser{ID: 1}, db.Session(&gorm.Session{PrepareStmt: true}).Omit("id", "key", "hash").Select("matter")

		placed, err := softdelete.Hold(session, user, softdelete.HoldOptions{Matter: "a matter"})
		require.NoError(t, err)
		holds, err := softdelete.Holds(session)
		require.NoError(t, err)
		require.Len(t, holds, 1)
		require.Equal(t, "a matter", holds[0].Matter)
		require.ErrorIs(t, softdelete.Release(session, "another"), gorm.ErrRecordNotFound)
		require.NoError(t, softdelete.Release(session, placed))
		require.NoError(t, softdelete.Release(session, placed), "it has ended already")

		require.NoError(t, db.Delete(user).Error)
		require.NoError(t, db.Delete(&tenantUser{ID: 2}).Error)
		_, err = softdelete.Restore(db, user)
		require.NoError(t, err)

		_, err = softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r1"})
		require.NoError(t, err)
		require.NoError(t, softdelete.DispatchErasures(session))
		require.Len(t, party.Told(), 1)
		list, err := softdelete.Certificates(session)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.True(t, list[0].Complete())
		require.NoError(t, softdelete.VerifyCertificates(session))
		err = db.Unscoped().Model(&tenantUser{ID: 1}).Update("email", "a@example.com").Error
		require.ErrorIs(t, err, softdelete.ErrErased)

		ctx, stop := context.WithCancel(t.Context())
		janitor := softdelete.NewJanitor(db, softdelete.JanitorConfig{Purge: softdelete.PurgeOptions{Progress: func(softdelete.PurgeProgress) {}}, Every: time.Hour})
		time.AfterFunc(50*time.Millisecond, stop)
		require.ErrorIs(t, janitor.Run(ctx), context.Canceled)
	})
}

func TestASessionThatRehearsesReadsTheTablesOfThePlugin(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&tenantUser{}, &tenantNote{}}, Holds: true})
		require.NoError(t, db.Create(&tenantUser{ID: 1, Email: "a@example.com"}).Error)
		_, err := softdelete.Hold(db, &tenantUser{ID: 1}, softdelete.HoldOptions{Matter: "a matter"})
		require.NoError(t, err)
		rehearsal := db.Session(&gorm.Session{DryRun: true})
		holds, err := softdelete.Holds(rehearsal)
		require.NoError(t, err)
		require.Len(t, holds, 1)
		require.NoError(t, db.Exec("INSERT INTO softdelete_certificates (number, id, request_id, document, hash, signature) VALUES (1, 'x', 'x', '{}', 'x', '')").Error)
		require.ErrorContains(t, softdelete.VerifyCertificates(rehearsal), "does not have its hash")
		require.ErrorIs(t, softdelete.Release(rehearsal, holds[0].ID), softdelete.ErrUnsupported, "it would write")
		holds, err = softdelete.Holds(db)
		require.NoError(t, err)
		require.Len(t, holds, 1, "it has written nothing")
	})
}
