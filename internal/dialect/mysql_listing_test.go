package dialect_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// mysqlListed has names that a literal would have to escape.
type mysqlListed struct {
	_    struct{} `softdelete:"events"`
	ID   uint64
	Name string `gorm:"size:20;column:it's \\ 100% näme"`
	Kind string `gorm:"type:enum('a''b','c')"`
}

// lineComment is what the shells mariadb and mysql, and a dump that they read, leave out of a trigger.
var lineComment = regexp.MustCompile(`(?m)^-- .*\n`)

func TestTriggersThatLostTheirCommentsAreTheOnesThatAMigrationMakes(t *testing.T) {
	db := testdb.MySQL(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlListed{}}})))
	statements, err := softdelete.DDL(db, &mysqlListed{})
	require.NoError(t, err)
	for _, statement := range statements {
		require.NoError(t, db.Exec(lineComment.ReplaceAllString(statement, "")).Error)
	}
	statements, err = softdelete.DDL(db, &mysqlListed{})
	require.NoError(t, err)
	require.Empty(t, statements)
	require.NoError(t, db.Create(&mysqlListed{Name: "a", Kind: "a'b"}).Error)
	events, err := softdelete.History(db, &mysqlListed{ID: 1})
	require.NoError(t, err)
	require.Len(t, events, 1)
}

func TestTriggersOfAnEarlierReleaseAreReadAndRenewedOnce(t *testing.T) {
	db := testdb.MySQL(t).Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&mysqlListed{}}})))
	require.NoError(t, db.AutoMigrate(&mysqlListed{}))
	require.NoError(t, db.Exec("ALTER TABLE mysql_listeds ADD later int").Error)
	earlier := earlierListing(t, db)
	require.Contains(t, earlier, "-- softdelete event log, columns: ")
	require.NoError(t, db.AutoMigrate(&mysqlListed{}))
	statements, err := softdelete.DDL(db, &mysqlListed{})
	require.NoError(t, err)
	require.Empty(t, statements)
	var texts []string
	require.NoError(t, db.Raw("SELECT action_statement FROM information_schema.triggers WHERE event_object_schema = DATABASE()").Scan(&texts).Error)
	for _, text := range texts {
		require.Contains(t, text, `"name":"later"`, "a column that another version of the application logs stays in the log")
		require.NotRegexp(t, lineComment, text)
	}
}

// earlierListing puts the list of columns into a comment, as earlier releases did, with a column more that the model does not have.
func earlierListing(t *testing.T, db *gorm.DB) (text string) {
	t.Helper()
	var triggers []struct{ Name, Event, Text string }
	require.NoError(t, db.Raw("SELECT trigger_name AS name, event_manipulation AS event, action_statement AS text FROM information_schema.triggers WHERE event_object_schema = DATABASE()").Scan(&triggers).Error)
	require.Len(t, triggers, 3)
	listing := regexp.MustCompile(`(?m)^(DECLARE log_columns|-- softdelete event log).*\n`)
	for _, trigger := range triggers {
		text = listing.ReplaceAllLiteralString(trigger.Text, `-- softdelete event log, columns: [{"name":"id","value":2,"plain":true},{"name":"it's \\ 100% näme","plain":true},{"name":"kind","type":"enum('a''b','c')"},{"name":"later","value":2,"type":"int"}]`+"\n")
		require.NoError(t, db.Exec("DROP TRIGGER "+trigger.Name).Error)
		require.NoError(t, db.Exec("CREATE TRIGGER "+trigger.Name+" AFTER "+trigger.Event+" ON mysql_listeds FOR EACH ROW "+text).Error)
	}
	return text
}
