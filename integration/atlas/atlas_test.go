// Package atlas_test checks that Atlas's loader of GORM models, ariga.io/atlas-provider-gorm, sees softdelete's indexes, or is refused.
package atlas_test

import (
	"testing"
	"time"

	"ariga.io/atlas-provider-gorm/gormschema"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type Account struct {
	ID         uint
	Email      string         `gorm:"uniqueIndex"`
	Phone      string         `gorm:"unique"`
	Name       string         `gorm:"uniqueIndex" softdelete:"full"`
	TenantID   uint           `gorm:"uniqueIndex:idx_accounts_tenant_slug"`
	Slug       string         `gorm:"uniqueIndex:idx_accounts_tenant_slug"`
	Region     string         `gorm:"index" softdelete:"live"`
	DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
	DeletionID softdelete.DeletionID
	Orders     []Order `softdelete:"cascade"`
}

type Order struct {
	ID        uint
	AccountID uint
	Number    string     `gorm:"uniqueIndex"`
	Status    string     `softdelete:"status;deleted:void;active:open"`
	VoidedAt  *time.Time `softdelete:"at"`
}

// load gives the statements of a loader that has the plugin.
func load(t *testing.T, dialect string) string {
	t.Helper()
	models := []any{&Account{}, &Order{}}
	plugin := softdelete.New(softdelete.Config{Models: models, Ledger: true})
	config := &gorm.Config{Plugins: map[string]gorm.Plugin{plugin.Name(): plugin}}
	text, err := gormschema.New(dialect, gormschema.WithConfig(config)).Load(append(softdelete.Tables(), models...)...)
	require.NoError(t, err)
	return text
}

func TestTheLoaderShowsTheIndexesOfThePolicies(t *testing.T) {
	for dialect, statements := range map[string][]string{
		"postgres": {
			`CREATE TABLE "softdelete_deletions" (`,
			`CREATE UNIQUE INDEX IF NOT EXISTS "idx_accounts_email" ON "accounts" ("email") WHERE "deleted_at" IS NULL;`,
			`CREATE UNIQUE INDEX IF NOT EXISTS "uni_accounts_phone_live" ON "accounts" ("phone") WHERE "deleted_at" IS NULL;`,
			`CREATE UNIQUE INDEX IF NOT EXISTS "idx_accounts_name" ON "accounts" ("name");`,
			`CREATE UNIQUE INDEX IF NOT EXISTS "idx_accounts_tenant_slug" ON "accounts" ("tenant_id","slug") WHERE "deleted_at" IS NULL;`,
			`CREATE INDEX IF NOT EXISTS "idx_accounts_region" ON "accounts" ("region") WHERE "deleted_at" IS NULL;`,
			`CREATE INDEX IF NOT EXISTS "idx_accounts_deleted_at_retention" ON "accounts" ("deleted_at") WHERE "deleted_at" IS NOT NULL;`,
			`CREATE UNIQUE INDEX IF NOT EXISTS "idx_orders_number" ON "orders" ("number") WHERE ("status" <> 'void' OR "status" IS NULL);`,
		},
		"sqlite": {
			"CREATE TABLE `softdelete_deletions` (",
			"CREATE UNIQUE INDEX `idx_accounts_email` ON `accounts`(`email`) WHERE `deleted_at` IS NULL;",
			"CREATE UNIQUE INDEX `uni_accounts_phone_live` ON `accounts`(`phone`) WHERE `deleted_at` IS NULL;",
			"CREATE UNIQUE INDEX `idx_accounts_name` ON `accounts`(`name`);",
			"CREATE UNIQUE INDEX `idx_accounts_tenant_slug` ON `accounts`(`tenant_id`,`slug`) WHERE `deleted_at` IS NULL;",
			"CREATE INDEX `idx_accounts_region` ON `accounts`(`region`) WHERE `deleted_at` IS NULL;",
			"CREATE INDEX `idx_accounts_deleted_at_retention` ON `accounts`(`deleted_at`) WHERE `deleted_at` IS NOT NULL;",
			"CREATE UNIQUE INDEX `idx_orders_number` ON `orders`(`number`) WHERE (`status` <> 'void' OR `status` IS NULL);",
		},
	} {
		t.Run(dialect, func(t *testing.T) {
			text := load(t, dialect)
			for _, statement := range statements {
				require.Contains(t, text, statement)
			}
		})
	}
}

func TestTheLoaderIsRefusedOnMySQL(t *testing.T) {
	plugin := softdelete.New(softdelete.Config{Models: []any{&Label{}}})
	config := &gorm.Config{Plugins: map[string]gorm.Plugin{plugin.Name(): plugin}}
	_, err := gormschema.New("mysql", gormschema.WithConfig(config)).Load(&Label{})
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, "softdelete.DDL")
}

// Label has only what MySQL can have.
type Label struct {
	ID        uint
	Name      string `gorm:"size:191;uniqueIndex"`
	DeletedAt gorm.DeletedAt
}
