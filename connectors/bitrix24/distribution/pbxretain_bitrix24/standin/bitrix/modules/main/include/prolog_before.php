<?php
/*
 * A stand-in for the classes of Bitrix24 that bitrix24.php uses, for tests and the conformance kit.
 * Holds its tables in data.json in the product's folder. It knows no more than the documentation
 * of the product's ORM says: getList with select, filter, order and limit; update; delete.
 */

namespace {
    echo 'noise that the product prints while it starts';

    final class StandIn
    {
        public static array $tables = [];

        public static function load(): void
        {
            self::$tables = json_decode(file_get_contents(self::file()), true);
        }

        /** One change, as a database makes it: others see it at once, and none is lost. */
        public static function change(callable $change): void
        {
            $lock = fopen(self::file() . '.lock', 'c');
            flock($lock, LOCK_EX);
            self::load();
            $change();
            file_put_contents(self::file() . '.new', json_encode(self::$tables));
            rename(self::file() . '.new', self::file());
            fclose($lock);
        }

        private static function file(): string
        {
            return $_SERVER['DOCUMENT_ROOT'] . '/data.json';
        }

        public static function trouble(string $what): bool
        {
            return file_exists($_SERVER['DOCUMENT_ROOT'] . '/' . $what);
        }
    }
    StandIn::load();

    final class CFile
    {
        public static function Delete(int $id): void
        {
            if (StandIn::trouble('fail-' . $id)) {
                throw new \RuntimeException('secret text of the product');
            }
            if (StandIn::trouble('hang-' . $id)) {
                sleep(600);
            }
            if (StandIn::trouble('die-' . $id)) {
                exit(3);
            }
            StandIn::load();
            $file = StandIn::$tables['b_file'][$id] ?? null;
            if ($file !== null) {
                @unlink($_SERVER['DOCUMENT_ROOT'] . '/' . $file['PATH']);
                StandIn::change(static function () use ($id): void {
                    unset(StandIn::$tables['b_file'][$id]);
                });
            }
        }
    }

    final class CCrmActivity
    {
        public static function GetByID(int $id, bool $check)
        {
            StandIn::load();
            return StandIn::$tables['b_crm_act'][$id] ?? false;
        }

        public static function GetByOriginID(string $origin, bool $check)
        {
            StandIn::load();
            foreach (StandIn::$tables['b_crm_act'] ?? [] as $row) {
                if ($row['ORIGIN_ID'] === $origin) {
                    return $row;
                }
            }
            return false;
        }

        public static function Update($id, array $fields, bool $check): bool
        {
            if (is_array($fields['STORAGE_ELEMENT_IDS'])) {
                $fields['STORAGE_ELEMENT_IDS'] = serialize($fields['STORAGE_ELEMENT_IDS']);
            }
            StandIn::change(static function () use ($id, $fields): void {
                StandIn::$tables['b_crm_act'][$id] = $fields + StandIn::$tables['b_crm_act'][$id];
            });
            return true;
        }
    }
}

namespace Bitrix\Main {
    final class Loader
    {
        public static function includeModule(string $name): bool
        {
            return in_array($name, \StandIn::$tables['modules'] ?? [], true);
        }
    }

    final class Result
    {
        public function isSuccess(): bool
        {
            return true;
        }
    }

    abstract class Table
    {
        protected const NAME = '';
        protected const KEY = 'ID';

        public static function getList(array $asked): Found
        {
            \StandIn::load();
            $rows = \StandIn::$tables[static::NAME] ?? [];
            ksort($rows);
            $found = [];
            foreach ($rows as $row) {
                if (self::fits($row, $asked['filter'])) {
                    $shown = array_intersect_key($row, array_flip($asked['select']));
                    $found[] = static::typed($shown);
                }
            }
            return new Found(array_slice($found, 0, $asked['limit'] ?? null));
        }

        private static function fits(array $row, array $filter): bool
        {
            foreach ($filter as $name => $wanted) {
                $value = $row[substr($name, 1)];
                $fits = match ($name[0]) {
                    '>' => $value > $wanted,
                    '=' => $value == $wanted && $value !== null,
                    '@' => in_array($value, $wanted),
                };
                if (!$fits) {
                    return false;
                }
            }
            return true;
        }

        protected static function typed(array $row): array
        {
            return $row;
        }

        public static function update($id, array $fields): Result
        {
            \StandIn::change(static function () use ($id, $fields): void {
                $row = \StandIn::$tables[static::NAME][$id];
                \StandIn::$tables[static::NAME][$id] = $fields + $row;
            });
            return new Result();
        }

        public static function delete($id): Result
        {
            \StandIn::change(static function () use ($id): void {
                unset(\StandIn::$tables[static::NAME][$id]);
            });
            return new Result();
        }
    }

    final class Found
    {
        public function __construct(private array $rows)
        {
        }

        public function fetchAll(): array
        {
            return $this->rows;
        }

        public function fetch()
        {
            return $this->rows[0] ?? false;
        }
    }
}

namespace Bitrix\Voximplant {
    final class StatisticTable extends \Bitrix\Main\Table
    {
        protected const NAME = 'b_voximplant_statistic';

        protected static function typed(array $row): array
        {
            $moment = $row['CALL_START_DATE'] ?? null;
            return ['CALL_START_DATE' => $moment === null ? null : new \DateTime($moment)] + $row;
        }
    }
}

namespace Bitrix\Voximplant\Model {
    final class StatisticIndexTable extends \Bitrix\Main\Table
    {
        protected const NAME = 'b_voximplant_statistic_index';
    }

    final class StatisticMissedTable extends \Bitrix\Main\Table
    {
        protected const NAME = 'b_voximplant_statistic_missed';
    }

    final class TranscriptTable extends \Bitrix\Main\Table
    {
        protected const NAME = 'b_voximplant_transcript';
    }

    final class TranscriptLineTable extends \Bitrix\Main\Table
    {
        protected const NAME = 'b_voximplant_transcript_line';
    }
}

namespace Bitrix\Crm\Integration {
    final class StorageType
    {
        public const File = 1;
        public const Disk = 3;
    }
}

namespace Bitrix\Disk {
    final class SystemUser
    {
        public const SYSTEM_USER_ID = 0;
    }

    final class File
    {
        private function __construct(private int $id, private int $file)
        {
        }

        public static function loadById(int $id): ?self
        {
            \StandIn::load();
            $row = \StandIn::$tables['b_disk_object'][$id] ?? null;
            return $row === null ? null : new self($id, $row['FILE_ID']);
        }

        /** Takes its file along and, by an event, the link in the call list. */
        public function delete(int $by): bool
        {
            \CFile::Delete($this->file);
            $gone = $this->id;
            \StandIn::change(static function () use ($gone): void {
                unset(\StandIn::$tables['b_disk_object'][$gone]);
                foreach (\StandIn::$tables['b_voximplant_statistic'] as $id => $row) {
                    if ($row['CALL_WEBDAV_ID'] === $gone) {
                        \StandIn::$tables['b_voximplant_statistic'][$id]['CALL_WEBDAV_ID'] = null;
                    }
                }
            });
            return true;
        }
    }
}
