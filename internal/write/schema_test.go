package write_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// tenantUser stands in a schema by the prefix of the naming strategy, tenantNote too.
	tenantUser struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		Email     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
		Notes     []tenantNote `gorm:"foreignKey:UserID;constraint:-" softdelete:"cascade"`
	}
	tenantNote struct {
		ID        uint
		UserID    uint
		User      *tenantUser `gorm:"constraint:-" softdelete:"guard"`
		Text      string
		DeletedAt gorm.DeletedAt
	}
	// schemaUser and schemaNote stand there by their TableName.
	schemaUser struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		Email     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
		Notes     []schemaNote `gorm:"foreignKey:UserID;constraint:-" softdelete:"cascade"`
	}
	schemaNote struct {
		ID        uint
		UserID    uint
		User      *schemaUser `gorm:"constraint:-" softdelete:"guard"`
		Text      string
		DeletedAt gorm.DeletedAt
	}
)

func (schemaUser) TableName() string { return "tenant.schema_users" }
func (schemaNote) TableName() string { return "tenant.schema_notes" }

// Writes to models in a schema are checked against the rows there: with tables of the same names on the search path, whose rows
// say the opposite, and without them.
func TestWritesInASchemaAreCheckedThere(t *testing.T) {
	for name, decoys := range map[string]bool{"with decoys": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
				t.Run("TableName", func(t *testing.T) {
					checkTenant[schemaUser, schemaNote](t, database.Open(t), "schema_users", "schema_notes", decoys)
				})
				t.Run("TablePrefix", func(t *testing.T) {
					db := database.Open(t, &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "tenant."}})
					checkTenant[tenantUser, tenantNote](t, db, "tenant_users", "tenant_notes", decoys)
				})
			})
		})
	}
}

func checkTenant[U, N any](t *testing.T, db *gorm.DB, users, notes string, decoys bool) {
	require.NoError(t, db.Exec("DROP SCHEMA IF EXISTS tenant CASCADE").Error)
	require.NoError(t, db.Exec("CREATE SCHEMA tenant").Error)
	t.Cleanup(func() { db.Exec("DROP SCHEMA tenant CASCADE") })
	models := []any{new(U), new(N)}
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	require.NoError(t, db.AutoMigrate(models...))
	require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
	create := func(model any, values map[string]any) {
		t.Helper()
		require.NoError(t, db.Model(model).Create(values).Error)
	}
	for id, email := range map[int]string{1: "a@x", 2: "b@x", 3: "c@x"} {
		create(new(U), map[string]any{"id": id, "name": "Ann", "email": email})
	}
	create(new(N), map[string]any{"id": 1, "user_id": 2, "text": "a"})
	for _, table := range []string{users, notes} {
		if decoys {
			require.NoError(t, db.Exec("CREATE TABLE "+table+" AS SELECT * FROM tenant."+table).Error)
			t.Cleanup(func() { db.Exec("DROP TABLE " + table) })
		}
	}
	one := func(id int) *U {
		var user U
		require.NoError(t, db.Unscoped().First(&user, id).Error)
		return &user
	}
	stale := one(1)
	require.NoError(t, db.Delete(new(U), 1).Error)
	_, err := softdelete.Erase(db, one(3), softdelete.ErasureRequest{})
	require.NoError(t, err)

	require.ErrorIs(t, db.Save(stale).Error, softdelete.ErrRowDeleted, "a stale Save")
	upsert := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})})
	require.ErrorIs(t, upsert.Create(stale).Error, softdelete.ErrRowDeleted, "an upsert")
	require.ErrorIs(t, db.Model(new(N)).Where("id = 1").Update("user_id", 1).Error, softdelete.ErrParentDeleted, "a note is pointed to a deleted user")
	require.ErrorIs(t, db.Model(new(N)).Where("id = 1").Update("user_id", gorm.Expr("user_id - 1")).Error, softdelete.ErrParentDeleted)
	require.ErrorIs(t, db.Model(new(N)).Create(map[string]any{"id": 2, "user_id": 1, "text": "b"}).Error, softdelete.ErrParentDeleted)
	require.NoError(t, db.Model(new(N)).Where("id = 1").Update("user_id", 2).Error)
	require.ErrorIs(t, db.Unscoped().Model(new(U)).Where("id = 3").Update("name", "Ann").Error, softdelete.ErrErased, "an erased name")
	require.NoError(t, db.Unscoped().Model(new(U)).Where("id = 3").Update("email", "d@x").Error, "what is not personal may change")
	require.NoError(t, db.Model(new(U)).Where("id = 2").Update("name", "Bob").Error)
	require.NoError(t, db.Save(one(2)).Error)
	if decoys {
		var names []string
		require.NoError(t, db.Raw("SELECT name FROM "+users+" ORDER BY id").Scan(&names).Error)
		require.Equal(t, []string{"Ann", "Ann", "Ann"}, names, "the decoy is as it was")
	}
}
