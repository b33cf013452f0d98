package dialect

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// This room tells MySQL and its relatives apart, which GORM gives one name.

// variants are the dialects of servers that GORM gives the name of another, which is for all that they do not know.
var variants = map[*Dialect][]*Dialect{&mysql: {&mariadb}}

// Varies tells whether servers of this database are of several kinds, which Variant tells apart.
func (d *Dialect) Varies() bool { return len(variants[d]) > 0 }

// Variant is the dialect for a server that has given the text which AsksServer asks for; this one where none of its variants reads it.
func (d *Dialect) Variant(text string) *Dialect {
	for _, variant := range variants[d] {
		if _, err := variant.ReadServer(text); err == nil {
			return variant
		}
	}
	return d
}

const asksMySQL = "SELECT VERSION()"

var (
	mysqlServer   = server{product: "MySQL", asks: asksMySQL, read: readMySQL, settings: asksTime, settled: settledTime}
	mariadbServer = server{product: "MariaDB", asks: asksMySQL, read: readMariaDB, settings: asksTime, settled: settledTime}
)

// asksTime asks for a date and time as columns have it. How it comes back says how the driver reads these, and writes them. It is NULL where
// transactions begin without being asked to.
const asksTime = "SELECT CASE WHEN @@autocommit = 1 AND @@completion_type = 'NO_CHAIN' THEN CAST('2001-02-03 04:05:06' AS DATETIME) END"

// settledTime refuses a session whose transactions begin without being asked to, in which no other can begin and which nobody may ever end;
// and a driver that gives times as text, or keeps those of a clock that is not UTC's: a column says no zone, and what is compared with others
// in the database, or written there, is in UTC.
func settledTime(value any) error {
	if value == nil {
		return fmt.Errorf("its sessions begin transactions of themselves, which are lost where nobody commits them: leave autocommit=1 and completion_type=NO_CHAIN, " +
			"the defaults, or set them in the DSN")
	}
	at, parsed := value.(time.Time)
	if !parsed {
		return fmt.Errorf("the driver gives dates and times as text, so that none can be read: add parseTime=true to the DSN")
	}
	for year := 1970; year < 2040; year++ {
		for month := time.January; month <= time.December; month++ {
			if _, offset := time.Date(year, month, 15, 0, 0, 0, 0, at.Location()).Zone(); offset != 0 {
				return fmt.Errorf("the driver keeps times by the clock of the zone %s, and a column of MySQL does not say so: they could be told neither from instants "+
					"of another zone nor, when the clock goes back, from each other; set loc=UTC in the DSN, and move the times that are there "+
					"by CONVERT_TZ", at.Location())
			}
		}
	}
	return nil
}

const (
	// firstMySQL is the version of which 8.0.23 is the first that has invisible columns.
	firstMySQL   Version = 8_00
	firstPatch           = 23
	firstMariaDB Version = 10_06 // with SKIP LOCKED and JSON_TABLE
)

// numbersOf are the first three numbers of a version. A proxy may put 5.5.5- before that of MariaDB.
var numbersOf = regexp.MustCompile(`^(?:5\.5\.5-)?(\d+)\.(\d+)(?:\.(\d+))?`)

// mysqlRelatives are words in what other servers say, and their names.
var mysqlRelatives = [][2]string{
	{"TiDB", "TiDB"},
	{"Vitess", "Vitess"},
	{"PlanetScale", "PlanetScale"},
	{"OceanBase", "OceanBase"},
	{"SingleStore", "SingleStore"},
	{"MemSQL", "SingleStore"},
	{"StarRocks", "StarRocks"},
	{"Doris", "Apache Doris"},
	{"dolt", "Dolt"},
	{"Databend", "Databend"},
}

func readMySQL(text string) (Version, error) {
	version, patch, err := readRelative(text)
	switch {
	case err != nil:
		return 0, err
	case strings.Contains(text, "MariaDB"):
		if _, err := readMariaDB(text); err != nil {
			return 0, err
		}
		return 0, fmt.Errorf("the server is MariaDB, which did not answer when the plugin was put into use: softdelete writes some statements " +
			"otherwise for it; call db.Use once the server answers")
	case version < firstMySQL || version == firstMySQL && patch < firstPatch:
		return 0, fmt.Errorf("the server is MySQL %s; softdelete needs MySQL 8.0.%d or later: upgrade it", numbersOf.FindString(text), firstPatch)
	}
	return version, nil
}

func readMariaDB(text string) (Version, error) {
	version, _, err := readRelative(text)
	switch {
	case err != nil:
		return 0, err
	case !strings.Contains(text, "MariaDB"):
		return 0, fmt.Errorf("the server is another one than the MariaDB which answered when the plugin was put into use")
	case version < firstMariaDB:
		return 0, fmt.Errorf("the server is MariaDB %v; softdelete needs MariaDB %s or later: upgrade it", version, firstMariaDB)
	}
	return version, nil
}

// readRelative reads the first two numbers of a version and the third; its error is one of a server that only speaks like MySQL.
func readRelative(text string) (version Version, patch int, err error) {
	for _, relative := range mysqlRelatives {
		if strings.Contains(strings.ToLower(text), strings.ToLower(relative[0])) {
			return 0, 0, fmt.Errorf("the server is %s, neither MySQL nor MariaDB: its locks and transactions are others, on which softdelete would not "+
				"be exact; use MySQL 8.0.%d or MariaDB %v, or later ones", relative[1], firstPatch, firstMariaDB)
		}
	}
	numbers := numbersOf.FindStringSubmatch(text)
	if numbers == nil || versionOf(numbers[1], numbers[2]) == 0 {
		const enough = 80
		return 0, 0, fmt.Errorf("the server says to be of the version %s, which softdelete does not know", strconv.Quote(strings.ToValidUTF8(text[:min(len(text), enough)], "")))
	}
	patch, _ = strconv.Atoi(numbers[3])
	return versionOf(numbers[1], numbers[2]), patch, nil
}
