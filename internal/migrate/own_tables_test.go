package migrate_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
)

func TestTablesOfTheFaceAreThoseOfTheInternals(t *testing.T) {
	for name, pair := range map[string][2]any{
		"Deletion": {softdelete.Deletion{}, deletion.Deletion{}},
		"Event":    {softdelete.Event{}, eventlog.Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			var sides [2][]string
			for i, model := range pair {
				s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
				require.NoError(t, err)
				sides[i] = append(sides[i], s.Table)
				for _, field := range s.Fields {
					sides[i] = append(sides[i], fmt.Sprint(field.DBName, field.DataType, field.Size, field.PrimaryKey, field.NotNull, field.TagSettings))
				}
			}
			require.Equal(t, sides[1], sides[0])
		})
	}
}
