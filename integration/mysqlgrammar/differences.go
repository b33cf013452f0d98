package mysqlgrammar

import "regexp"

// difference is a form that is written for MariaDB alone, or that MySQL reads and Vitess does not. What it is replaced by must be
// read, so the rest of the statement is looked at all the same.
type difference struct {
	why     string
	pattern *regexp.Regexp
	by      string
	example string // which is not read without the difference
}

// anyName is a name, quoted or not, with its schema or without.
const anyName = "(?:`(?:[^`]|``)*`|\\w+)(?:\\.(?:`(?:[^`]|``)*`|\\w+))?"

// differences are applied in this order.
var differences = []difference{
	{
		why:     "Vitess knows types by one name, of several that MySQL has: double precision is double",
		pattern: regexp.MustCompile("(`\\w+`) double precision\\b"),
		by:      "$1 double",
		example: "CREATE TABLE `a` (`b` double precision)",
	},
	{
		why:     "texts of the national character set are varchar, for the parser",
		pattern: regexp.MustCompile("(`\\w+`) (?:nchar|nvarchar|national varchar|character varying)\\b"),
		by:      "$1 varchar",
		example: "CREATE TABLE `a` (`b` national varchar(5))",
	},
	{
		why:     "long is mediumtext",
		pattern: regexp.MustCompile("(`\\w+`) long(?: varchar)?([ ,)]|$)"),
		by:      "$1 mediumtext$2",
		example: "CREATE TABLE `a` (`b` long varchar)",
	},
	{
		why:     "dec and fixed are decimal",
		pattern: regexp.MustCompile("(`\\w+`) (?:dec|fixed)\\b"),
		by:      "$1 decimal",
		example: "CREATE TABLE `a` (`b` fixed(5,1))",
	},
	{
		why:     "int8 is bigint",
		pattern: regexp.MustCompile("(`\\w+`) int8\\b"),
		by:      "$1 bigint",
		example: "CREATE TABLE `a` (`b` int8)",
	},
	{
		why: "GORM's driver asks MariaDB for what an INSERT or DELETE has written; MySQL has no RETURNING, " +
			"and the driver does not write it there",
		pattern: regexp.MustCompile("(?s)^((?:INSERT|REPLACE|DELETE) .*) RETURNING [\\w`., *]+$"),
		by:      "$1",
		example: "INSERT INTO `notes` (`text`) VALUES (?) RETURNING `id`",
	},
	{
		why:     "MariaDB takes a limit of recursion before the statement, MySQL in a hint within it",
		pattern: regexp.MustCompile(`^SET STATEMENT max_recursive_iterations ?= ?\d+ FOR `),
		by:      "",
		example: "SET STATEMENT max_recursive_iterations = 10 FOR WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT n FROM a",
	},
	{
		why:     "models of tests have columns of the type uuid, which PostgreSQL and MariaDB have and MySQL has not",
		pattern: regexp.MustCompile("(^CREATE TABLE .*?|, ?)(`\\w+`) uuid\\b"),
		by:      "$1$2 binary(16)",
		example: "CREATE TABLE `a` (`id` uuid,`parent_id` uuid,PRIMARY KEY (`id`))",
	},
	{
		why:     "Vitess has no triggers, but procedures, whose bodies are the same",
		pattern: regexp.MustCompile("(?s)^CREATE (?:OR REPLACE )?TRIGGER (?:IF NOT EXISTS )?(" + anyName + ") (?:BEFORE|AFTER) (?:INSERT|UPDATE|DELETE) ON " + anyName + " FOR EACH ROW(?: (?:FOLLOWS|PRECEDES) " + anyName + ")?\\s"),
		by:      "CREATE PROCEDURE $1() ",
		example: "CREATE TRIGGER `a`.`b` AFTER UPDATE ON `c` FOR EACH ROW BEGIN IF NOT (OLD.d <=> NEW.d) THEN INSERT INTO `e` (f) VALUES (NEW.d); END IF; END",
	},
	{
		why:     "it drops none either",
		pattern: regexp.MustCompile("^DROP TRIGGER (IF EXISTS )?(" + anyName + ")$"),
		by:      "DROP TABLE $1$2",
		example: "DROP TRIGGER IF EXISTS `a`.`b`",
	},
	{
		why:     "it declares no variables with a collation",
		pattern: regexp.MustCompile(`(?m)^(DECLARE [\w, ]+ (?:longtext|varchar\(\d+\)) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin;$`),
		by:      "$1;",
		example: "CREATE PROCEDURE `a`() BEGIN\nDECLARE b longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\nSET b = 'c';\nEND",
	},
	{
		why:     "its procedures have no loops, but conditions, which begin alike",
		pattern: regexp.MustCompile("(?m)^WHILE (.*) DO$"),
		by:      "IF $1 THEN",
		example: "CREATE PROCEDURE `a`() BEGIN\nWHILE @b < 2 DO\nSET @b = 2;\nEND WHILE;\nEND",
	},
	{
		why:     "and end alike",
		pattern: regexp.MustCompile("(?m)^END WHILE;$"),
		by:      "END IF;",
		example: "CREATE PROCEDURE `a`() BEGIN\nWHILE @b < 2 DO\nSET @b = 2;\nEND WHILE;\nEND",
	},
	{
		why:     "they raise errors, and none again",
		pattern: regexp.MustCompile("THEN RESIGNAL; END IF;"),
		by:      "THEN SET @raised = 1; END IF;",
		example: "CREATE PROCEDURE `a`() BEGIN\nIF @b > 2 THEN RESIGNAL; END IF;\nEND",
	},
	{
		why: "it knows neither users nor privileges, which tests make",
		pattern: regexp.MustCompile("^(?:(?:CREATE|DROP) USER ['\\w]+(?: IDENTIFIED BY '[\\w.]*')?|" +
			"GRANT (?:(?:SELECT|INSERT|UPDATE|DELETE|CREATE(?: TEMPORARY TABLES)?|ALTER|DROP|INDEX|REFERENCES|TRIGGER)(?:, | ON ))+[`\\w]+\\.\\* TO ['\\w]+)$"),
		by:      "SELECT 1",
		example: "GRANT SELECT, CREATE TEMPORARY TABLES ON `a`.* TO 'b'",
	},
}
