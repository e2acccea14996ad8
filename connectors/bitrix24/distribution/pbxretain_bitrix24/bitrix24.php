<?php
/*
 * Lists and deletes calls and recordings of a self-hosted Bitrix24 for pbxretain.
 *
 * Speaks pbxretain's protocol of kind "command", version 1 (docs/reference/command.md): one JSON
 * object a line on standard input and output. Uses the product's own classes, so that quotas, cloud
 * storage, search and cache follow. Works one record at a time. Writes nothing else: no log, no
 * error text, as both could hold personal data.
 *
 * Never tried on a running Bitrix24.
 */

declare(strict_types=1);

use Bitrix\Voximplant\Model\StatisticIndexTable;
use Bitrix\Voximplant\Model\StatisticMissedTable;
use Bitrix\Voximplant\Model\TranscriptLineTable;
use Bitrix\Voximplant\Model\TranscriptTable;
use Bitrix\Voximplant\StatisticTable;

const PROTOCOL = 1;
const PAGE = 500;
const COLUMNS = ['ID', 'CALL_ID', 'CALL_START_DATE', 'PHONE_NUMBER', 'PORTAL_USER_ID',
    'CALL_RECORD_ID', 'CALL_WEBDAV_ID', 'CRM_ACTIVITY_ID'];

// What the product or PHP prints goes nowhere; answers pass this buffer by.
ob_start(static fn (string $printed): string => '', 4096);
set_time_limit(0);
main();

function main(): void
{
    $hello = question();
    if (($hello['pbxretain'] ?? null) !== PROTOCOL || !is_string($hello['product'] ?? null)) {
        answer(['error' => 'NO_PRODUCT_FOLDER']);
        return;
    }
    if (!product($hello['product'])) {
        answer(['error' => 'NO_BITRIX24_THERE']);
        return;
    }
    answer(['pbxretain' => PROTOCOL]);
    while (($asked = question()) !== null) {
        try {
            answered($asked);
        } catch (Throwable $error) {
            answer(['error' => 'PRODUCT_FAILED']);
        }
    }
}

/** The product's own start, as for its command line tools. */
function product(string $folder): bool
{
    $prolog = $folder . '/bitrix/modules/main/include/prolog_before.php';
    if (!is_file($prolog)) {
        return false;
    }
    $_SERVER['DOCUMENT_ROOT'] = $folder;
    foreach (['NO_KEEP_STATISTIC', 'NOT_CHECK_PERMISSIONS', 'NO_AGENT_CHECK', 'BX_NO_ACCELERATOR_RESET'] as $name) {
        define($name, true);
    }
    require $prolog;
    return Bitrix\Main\Loader::includeModule('voximplant');
}

function question(): ?array
{
    $line = fgets(STDIN);
    return $line === false ? null : json_decode($line, true, 64, JSON_THROW_ON_ERROR);
}

function answer(array $told): void
{
    fwrite(STDOUT, json_encode($told, JSON_THROW_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
    fflush(STDOUT);
}

function answered(array $asked): void
{
    $recordings = ($asked['dataset'] ?? '') === 'recordings';
    switch ($asked['ask'] ?? '') {
        case 'items':
            $count = 0;
            foreach (rows([], $recordings) as $row) {
                answer(['item' => item($row, $recordings)]);
                $count++;
            }
            answer(['done' => $count]);
            return;
        case 'look':
            $count = 0;
            foreach (rows(['@ID' => array_map('intval', $asked['ids'])], $recordings) as $row) {
                answer(['item' => item($row, $recordings)]);
                $count++;
            }
            answer(['done' => $count]);
            return;
        case 'delete':
            foreach ($asked['items'] as $named) {
                removed((int)$named['id'], $named['start'], $recordings);
            }
            answer(['done' => 0]);
            return;
        case 'clock':
            answer(['clock' => date(DATE_ATOM)]);
            answer(['done' => 1]);
            return;
    }
    answer(['error' => 'UNKNOWN_QUESTION']);
}

/** Rows of the call list in ascending order of id, a page at a time. */
function rows(array $filter, bool $recordings): Generator
{
    $last = 0;
    do {
        $found = StatisticTable::getList([
            'select' => COLUMNS,
            'filter' => $filter + ['>ID' => $last],
            'order' => ['ID' => 'ASC'],
            'limit' => PAGE,
        ])->fetchAll();
        foreach ($found as $row) {
            $last = (int)$row['ID'];
            if (!$recordings || recorded($row)) {
                yield $row;
            }
        }
    } while (count($found) === PAGE);
}

function recorded(array $row): bool
{
    return (int)$row['CALL_RECORD_ID'] > 0 || (int)$row['CALL_WEBDAV_ID'] > 0;
}

/** A call waits for its recording, which has a period of its own. */
function item(array $row, bool $recordings): array
{
    return [
        'id' => (string)$row['ID'],
        'start' => start($row),
        'call' => $row['CALL_ID'] === null ? null : (string)$row['CALL_ID'],
        'subjects' => [text($row['PHONE_NUMBER']), text($row['PORTAL_USER_ID'])],
        'ready' => $recordings || !recorded($row),
    ];
}

function start(array $row): ?string
{
    $moment = $row['CALL_START_DATE'];
    return $moment === null ? null : $moment->format('Y-m-d H:i:s');
}

function text($value): ?string
{
    return $value === null ? null : (string)$value;
}

/** Deletes one record, if it is still the one that was named. */
function removed(int $id, ?string $start, bool $recordings): void
{
    $row = StatisticTable::getList(['select' => COLUMNS, 'filter' => ['=ID' => $id]])->fetch();
    if (!$row || start($row) !== $start) {
        return;
    }
    if ($recordings) {
        recording($row);
    } elseif (!recorded($row)) {
        call($row);
    }
}

/** What the product does when somebody deletes a recording by hand, and the link in the CRM. */
function recording(array $row): void
{
    $file = (int)$row['CALL_RECORD_ID'];
    $disk = (int)$row['CALL_WEBDAV_ID'];
    unlinked($row, $file, $disk);
    if ($disk > 0) {
        if (!Bitrix\Main\Loader::includeModule('disk')) {
            throw new RuntimeException();
        }
        $object = Bitrix\Disk\File::loadById($disk);
        if ($object && !$object->delete(Bitrix\Disk\SystemUser::SYSTEM_USER_ID)) {
            throw new RuntimeException();
        }
    }
    if ($file > 0) {
        CFile::Delete($file);
    }
    done(StatisticTable::update($row['ID'], [
        'CALL_RECORD_ID' => null,
        'CALL_RECORD_URL' => null,
        'RECORD_DURATION' => null,
        'CALL_WEBDAV_ID' => null,
    ]));
}

/** Takes the recording out of the call's activity: it would be a dead player there. */
function unlinked(array $row, int $file, int $disk): void
{
    if (!Bitrix\Main\Loader::includeModule('crm')) {
        return;
    }
    $activity = (int)$row['CRM_ACTIVITY_ID'] > 0
        ? CCrmActivity::GetByID((int)$row['CRM_ACTIVITY_ID'], false)
        : CCrmActivity::GetByOriginID('VI_' . $row['CALL_ID'], false);
    if (!$activity) {
        return;
    }
    $gone = (int)$activity['STORAGE_TYPE_ID'] === Bitrix\Crm\Integration\StorageType::Disk ? $disk : $file;
    $held = $activity['STORAGE_ELEMENT_IDS'] ?? [];
    $held = is_array($held) ? $held : unserialize((string)$held, ['allowed_classes' => false]);
    $left = array_values(array_filter((array)$held, static fn ($id): bool => (int)$id !== $gone));
    if (count($left) === count((array)$held)) {
        return;
    }
    $fields = ['STORAGE_TYPE_ID' => $activity['STORAGE_TYPE_ID'], 'STORAGE_ELEMENT_IDS' => $left];
    if (!CCrmActivity::Update($activity['ID'], $fields, false)) {
        throw new RuntimeException();
    }
}

/** A call with all that is made of it; the row itself last. */
function call(array $row): void
{
    $id = (int)$row['ID'];
    if ((string)$row['CALL_ID'] !== '') {
        foreach (all(TranscriptTable::class, ['=CALL_ID' => $row['CALL_ID']]) as $transcript) {
            foreach (all(TranscriptLineTable::class, ['=TRANSCRIPT_ID' => $transcript['ID']]) as $line) {
                done(TranscriptLineTable::delete($line['ID']));
            }
            done(TranscriptTable::delete($transcript['ID']));
        }
    }
    foreach (all(StatisticMissedTable::class, ['=CALLBACK_ID' => $id]) as $missed) {
        done(StatisticMissedTable::update($missed['ID'], [
            'CALLBACK_ID' => null,
            'CALLBACK_CALL_START_DATE' => null,
        ]));
    }
    foreach (all(StatisticMissedTable::class, ['=ID' => $id]) as $missed) {
        done(StatisticMissedTable::delete($missed['ID']));
    }
    done(StatisticIndexTable::delete($id));
    done(StatisticTable::delete($id));
}

function all(string $table, array $filter): array
{
    return $table::getList(['select' => ['ID'], 'filter' => $filter])->fetchAll();
}

function done($result): void
{
    if (!$result->isSuccess()) {
        throw new RuntimeException();
    }
}
