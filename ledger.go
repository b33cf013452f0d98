package softdelete

import (
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/purge"
)

// Tables lists the plugin's own tables, for db.AutoMigrate(softdelete.Tables()...).
func Tables() []any {
	return append([]any{&Deletion{}, &hold.HoldRow{}, &purge.LeaseRow{}}, erasure.ErasureTables()...)
}
