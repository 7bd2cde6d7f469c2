"""A small table in each language is read right: its columns by their names, its labels by side."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.job.csv_files import report
from urgency import vocabulary

ROLES = ("ticket_id", "title", "description", "label_urgency", "created_at", "updated_at", "source")
TIMES = 5
"""Rows with each value."""


class Table(NamedTuple):
    """Its header in the order of ROLES; its values, commas between; "" where nobody set one."""

    header: str
    urgent: str
    other: str
    nothing: str = ""


TABLES = {
    "german": Table(
        "Ticketnummer,Betreff,Beschreibung,Priorität,Erstellt am,Geändert,Kanal",
        "Sofort,Sehr hoch,Hoch",
        "Mittel,Niedrig",
        "nicht gesetzt",
    ),
    "french": Table(
        "N° de ticket,Objet,Contenu,Priorité,Date de création,Mis à jour le,Origine",
        "Critique,Haute,Urgente",
        "Moyenne,Basse",
        "Aucune",
    ),
    "spanish": Table(
        "Número,Asunto,Descripción,Prioridad,Fecha de creación,Última actualización,Canal",
        "Crítica,Urgente,Alta",
        "Media,Baja",
        "Sin prioridad",
    ),
    "portuguese": Table(
        "Número do chamado,Assunto,Descrição,Prioridade,Aberto em,Atualizado em,Origem",
        "Urgente,Alta",
        "Média,Baixa",
        "Sem prioridade",
    ),
    "italian": Table(
        "Numero,Oggetto,Descrizione,Priorità,Creato il,Ultima modifica,Canale",
        "Critica,Urgente,Alta",
        "Media,Bassa",
        "Nessuna",
    ),
    "dutch": Table(
        "Meldingsnummer,Onderwerp,Omschrijving,Prioriteit,Aangemaakt,Laatst gewijzigd,Bron",
        "Spoed,Hoog",
        "Gemiddeld,Laag",
        "Geen",
    ),
    "catalan": Table(
        "Número,Assumpte,Descripció,Prioritat,Creat,Actualitzat,Canal",
        "Immediata,Urgent,Alta",
        "Normal,Baixa",
        "Cap",
    ),
    "galician": Table(
        "Número,Asunto,Descrición,Prioridade,Creado,Actualizado,Canal",
        "Inmediata,Urxente,Alta",
        "Normal,Baixa",
        "Ningunha",
    ),
    "basque": Table(
        "Zenbakia,Gaia,Deskribapena,Lehentasuna,Sortuta,Eguneratuta,Kanala",
        "Berehalakoa,Larria,Altua",
        "Normala,Baxua",
        "(baliorik ez)",
    ),
    "romanian": Table(
        "Nr. tichet,Subiect,Descriere,Prioritate,Creat la,Actualizat la,Sursa",
        "Imediată,Urgentă,Mare,Ridicată",
        "Normală,Mică,Scăzută",
        "(fără valoare)",
    ),
    "swedish": Table(
        "Ärendenummer,Ämne,Beskrivning,Prioritet,Skapad,Senast uppdaterad,Kanal",
        "Omedelbar,Brådskande,Hög,5 mycket hög",
        "Normal,Låg",
        "(inget värde)",
    ),
    "danish": Table(
        "Sagsnr,Emne,Beskrivelse,Prioritet,Oprettet,Sidst opdateret,Kilde",
        "Omgående,Akut,Høj",
        "Normal,Lav",
        "Ingen",
    ),
    "norwegian": Table(
        "Saksnr,Emne,Beskrivelse,Prioritet,Opprettet,Sist oppdatert,Kilde",
        "Haster,5 svært høy,4 høy",
        "3 normal,2 lav,1 svært lav",
        "(mangler verdi)",
    ),
    "finnish": Table(
        "Tiketin numero,Aihe,Kuvaus,Prioriteetti,Luotu,Päivitetty,Kanava",
        "Kiireellinen,Korkea,5 Erittäin kiireellinen",
        "Normaali,Matala,2 Alhainen,5. Ei lainkaan kiireellinen",
        "ei mitään",
    ),
    "estonian": Table(
        "Intsidendi number,Teema,Kirjeldus,Prioriteet,Loodud,Uuendatud,Kanal",
        "Kohe vaja,Pakiline,5 väga kõrge",
        "Tavaline,Aega on,2 madal",
        "(väärtus puudub)",
    ),
    "latvian": Table(
        "Numurs,Temats,Apraksts,Prioritāte,Izveidots,Atjaunots,Kanāls",
        "Tūlītēja,Steidzama,Augsta",
        "Normāla,Zema",
        "(nav vērtības)",
    ),
    "lithuanian": Table(
        "Numeris,Tema,Aprašymas,Prioritetas,Sukurta,Atnaujintas(a),Kanalas",
        "Neatidėliotinas,Skubus,4 aukštas",
        "Normalus,Žemas,1 labai žemas",
        "Nenurodyta",
    ),
    "polish": Table(
        "Numer zgłoszenia,Temat,Opis,Priorytet,Data utworzenia,Ostatnia aktualizacja,Kanał",
        "Natychmiastowy,Pilny,5 bardzo wysoki",
        "Normalny,Niski,Średni priorytet",
        "Brak",
    ),
    "czech": Table(
        "Číslo požadavku,Předmět,Popis,Priorita,Vytvořeno,Aktualizováno,Zdroj",
        "1. kritická,Urgentní,Vysoká",
        "Normální,4. nízká",
        "Žádná",
    ),
    "slovak": Table(
        "Číslo požiadavky,Predmet,Popis,Priorita,Vytvorené,Aktualizované,Zdroj",
        "Okamžitá,Urgentná,Vysoká",
        "Normálna,Nízka",
        "Žiadna",
    ),
    "hungarian": Table(
        "Jegy száma,Tárgy,Leírás,Prioritás,Létrehozva,Módosítva,Csatorna",
        "Sürgős,5 nagyon magas,Azonnal",
        "Normál,2 alacsony",
        "(nincs adat)",
    ),
    "slovenian": Table(
        "Številka,Zadeva,Opis,Prioriteta,Ustvarjeno,Posodobljeno,Kanal",
        "Takojšnje ukrepanje,Nujno,4 visoko",
        "Običajna,2 nizko",
        "(brez vrednosti)",
    ),
    "croatian": Table(
        "Broj zahtjeva,Predmet,Opis,Prioritet,Napravljen,Promijenjen,Kanal",
        "Odmah,Hitan,5 vrlo visok",
        "Redovan,2 nizak",
        "(nema vrijednosti)",
    ),
    "serbian": Table(
        "Број захтева,Предмет,Опис,Приоритет,Креирано,Ажурирано,Канал",
        "Хитно,Врло висок,Visok",
        "Нормалан,Низак,Nizak",
        "ниједан",
    ),
    "macedonian": Table(
        "Број,Наслов,Опис,Приоритет,Креиран,Ажурирано,Канал",
        "Веднаш,Итно,Висок",
        "Нормален,Низок",
        "ниеден",
    ),
    "bulgarian": Table(
        "Номер на заявка,Заглавие,Описание,Приоритет,Създаден,Обновена,Източник",
        "Веднага,Спешен,Висок",
        "Нормален,Нисък",
        "Няма",
    ),
    "russian": Table(
        "Номер заявки,Тема,Описание,Приоритет,Дата создания,Обновлено,Канал",
        "Немедленный,Срочный,Высокий приоритет,1. Критичный",
        "Средний,Низкий,нормальный",
        "Нет",
    ),
    "ukrainian": Table(
        "Номер звернення,Тема,Опис,Пріоритет,Створено,Оновлено,Джерело",
        "Негайний,Терміновий,5 дуже високий",
        "Нормальний,Низький",
        "Не вказано",
    ),
    "greek": Table(
        "Αριθμός αιτήματος,Θέμα,Περιγραφή,Προτεραιότητα,Δημιουργήθηκε,Ενημερώθηκε,Πηγή",
        "Άμεση,ΕΠΕΙΓΟΝ,Υψηλή",
        "Κανονική,ΧΑΜΗΛΗ",
        "Κανένα",
    ),
    "turkish": Table(
        "Talep No,KONU,AÇIKLAMA,ÖNCELİK,Oluşturulma,Son Güncelleme,Kanal",
        "ACİL,Yüksek,1. Kritik",
        "Orta,DÜŞÜK,5. çok düşük",
        "Hiçbiri",
    ),
    "azerbaijani": Table(
        "Nömrə,Mövzu,Təsvir,Prioritet,Yaradılıb,Yenilənib,Kanal",
        "Təxirsiz,Təcili,Yüksək",
        "Normal,Aşağı",
        "-",
    ),
    "albanian": Table(
        "Numri,Subjekt,Përshkrim,Përparësi,Krijuar më,Përditësuar më,Kanali",
        "Imediate,Urgjente,E lartë",
        "Normale,E ulët",
    ),
    "mongolian": Table(
        "Дугаар,Гарчиг,Тайлбар,Зэрэглэл,Үүссэн,Өөрчилсөн,Суваг",
        "Нэн даруй,Нэн яаралтай,Өндөр",
        "Хэвийн,Бага",
    ),
    "hebrew": Table(
        "מספר פנייה,נושא,תיאור,עדיפות,נוצר,עודכן,ערוץ",
        "דחופה,מידית,\u200fגבוהה\u200f",
        "רגילה,נמוכה",
        "ללא",
    ),
    "arabic": Table(
        "رقم التذكرة,الموضوع,الوصف,الاولويه,تاريخ الإنشاء,آخر تحديث,القناة",
        "طارئ,عالية,حرجة",
        "متوسطة,منخفضة,عادي",
        "(لا يوجد قيمة)",
    ),
    "persian": Table(
        "شماره تیکت,موضوع,توضیح,اولويت,ایجاد شده,آخرین بروز شده,کانال",
        "فوری,5 خیلی بالا,زیاد",
        "معمولی,2 پائین,كم",
        "هیچ",
    ),
    "hindi": Table(
        "टिकट संख्या,विषय,विवरण,प्राथमिकता,निर्माण तिथि,अंतिम अपडेट,चैनल",
        "5 बहुत उच्च,उच्च प्राथमिकता,तत्काल",
        "3 सामान्य,निम्न",
    ),
    "thai": Table(
        "หมายเลขตั๋ว,หัวข้อ,รายละเอียด,ลำดับความสำคัญ,วันที่สร้าง,อัปเดตล่าสุด,ช่องทาง",
        "ด่วนมาก,เร่งด่วน,สูง",
        "ปกติ,ต่ำ,ปานกลาง",
        "ไม่มี",
    ),
    "vietnamese": Table(
        "Mã yêu cầu,Tiêu đề,Mô tả,Mức độ ưu tiên,Ngày tạo,Ngày cập nhật,Kênh",
        "Khẩn cấp,Cao,Rất cao",
        "Bình thường,Thấp,Trung bình",
        "Không có",
    ),
    "indonesian": Table(
        "Nomor tiket,Perihal,Deskripsi,Prioritas,Dibuat,Diperbarui,Saluran",
        "Segera,Tinggi,Mendesak",
        "Sedang,Rendah",
        "tidak ada",
    ),
    "japanese": Table(
        "チケット番号,件名,お問い合わせ内容,優先度,作成日時,更新日時,チャネル",
        "緊急,高め,急いで,今すぐ,最優先,1 - 重大,優先度1",
        "中,低め,通常,4 - 低,5 最低",
        "なし",
    ),
    "chinese_simplified": Table(
        "工单编号,标题,问题描述,优先级,创建时间,更新时间,来源",
        "1. 严重,紧急,高,5 非常高",
        "一般,低,2 低,5. 很低",
        "无",
    ),
    "chinese_traditional": Table(
        "工單編號,主旨,問題描述,優先權,建立日期,更新日期,來源",
        "緊急,急,高,5 非常高",
        "正常,低,中",
        "無",
    ),
    "korean": Table(
        "티켓 번호,제목,문의 내용,우선순위,등록일,수정일,채널",
        "즉시,긴급,높음,1 - 심각",
        "보통,낮음,중간",
        "없음",
    ),
}


CODE_PAGES = {
    "cp1250": "polish czech slovak hungarian slovenian croatian romanian albanian",
    "cp1251": "russian ukrainian bulgarian serbian macedonian",
    "cp1252": "german french spanish portuguese italian dutch catalan galician basque swedish"
    " danish norwegian finnish",
    "cp1253": "greek",
    "cp1254": "turkish",
    "cp1255": "hebrew",
    "cp1256": "arabic",
    "cp1257": "estonian latvian lithuanian",
    "cp874": "thai",
    "cp949": "korean",
    "cp932": "japanese",
    "big5": "chinese_traditional",
    "gb18030": "chinese_simplified",
}
"""What a spreadsheet in that language saves as CSV."""


def test_every_language_of_the_vocabulary_has_its_table() -> None:
    file = Path(vocabulary.__file__).with_name("languages.toml")
    assert set(TABLES) == set(tomllib.loads(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", TABLES)
def test_a_small_table_is_read_right(language: str) -> None:
    assert_read_right(TABLES[language], "utf-8", "words of a ticket")


@pytest.mark.parametrize(
    ("code_page", "language"),
    [(page, language) for page, languages in CODE_PAGES.items() for language in languages.split()],
)
def test_a_small_table_in_the_code_page_of_its_language_is_read_right(
    code_page: str, language: str
) -> None:
    table = TABLES[language]
    words = f"{table.header} {table.urgent} {table.other}".replace(",", " ")
    assert_read_right(table, code_page, words)


def assert_read_right(table: Table, encoding: str, text: str) -> None:
    header, urgent, other, nothing = table
    values = [value for one in (urgent, other, nothing) for value in one.split(",")] * TIMES
    rows = [
        f"A-{number};T{number} {text};{text} {number};{value};2026-01-{number % 28 + 1:02};"
        f"2026-02-{number % 28 + 1:02};web"
        for number, value in enumerate(values)
    ]
    told = report("\n".join([header.replace(",", ";"), *rows]).encode(encoding))
    assert told.read_as is not None, told.problems
    assert dict(told.read_as.columns) == dict(zip(ROLES, header.split(","), strict=True))
    assert dict(told.read_as.urgent) == dict.fromkeys(urgent.split(","), TIMES)
    assert dict(told.read_as.other) == dict.fromkeys(other.split(","), TIMES)
    assert (told.status, told.unlabelled) == ("accepted", TIMES)


@pytest.mark.parametrize("language", TABLES)
def test_the_page_on_files_names_every_language(language: str) -> None:
    page = Path(__file__).parents[3] / "docs/data.md"
    assert language.partition("_")[0].capitalize() in page.read_text(encoding="utf-8")
