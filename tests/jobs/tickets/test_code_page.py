"""Short texts of many languages are read in the code page that they were written in."""

from __future__ import annotations

import random

import pytest

from jobs.tickets.code_page import CODE_PAGES, LETTERS, likeliest
from jobs.tickets.encoding import NAMES
from tests.support.job.csv_files import csv_bytes, read, row

TICKETS = {
    "cs": [
        "Tiskárna nefunguje, prosím o rychlou pomoc",
        "Nemůžu se přihlásit, zapomněl jsem heslo",
        "Při ukládání souboru se objeví chyba připojení",
    ],
    "pl": [
        "Drukarka nie działa, proszę o pilną pomoc",
        "Nie mogę się zalogować, hasło wygasło",
        "Błąd połączenia z siecią w księgowości",
    ],
    "hu": [
        "A nyomtató nem működik, sürgősen kérünk segítséget",
        "Elfelejtettem a jelszót, nem tudok belépni",
        "A hálózati kapcsolat hibás, lassú a levelező",
    ],
    "hr": [
        "Pisač ne radi, molim hitnu pomoć",
        "Ne mogu se prijaviti, zaboravio sam šifru za račun",
        "Greška u povezivanju s mrežom, potrebno rješenje već danas",
    ],
    "ru": [
        "Принтер не работает, нужна помощь",
        "Не могу войти, забыл пароль",
        "Ошибка сети в бухгалтерии",
    ],
    "el": [
        "Ο εκτυπωτής δεν λειτουργεί",
        "Δεν μπορώ να συνδεθώ, ξέχασα τον κωδικό",
        "Σφάλμα σύνδεσης στο λογιστήριο",
    ],
    "tr": [
        "Yazıcı çalışmıyor, acil yardım lütfen",
        "Giriş yapamıyorum, şifremi unuttum",
        "Muhasebede ağ bağlantısı hatası",
    ],
    "lt": [
        "Spausdintuvas neveikia, prašome skubios pagalbos",
        "Negaliu prisijungti, pamiršau slaptažodį",
        "Tinklo ryšio klaida buhalterijoje, dėkui už greitą sprendimą",
    ],
    "lv": [
        "Printeris nestrādā, lūdzu steidzamu palīdzību",
        "Nevaru pieslēgties, aizmirsu paroli",
        "Tīkla savienojuma kļūda grāmatvedībā",
    ],
    "et": [
        "Printer ei tööta, palun kiiret abi",
        "Ma ei saa sisse logida, unustasin parooli ära",
        "Võrguühenduse viga raamatupidamises, see on väga kiire",
    ],
    "de": [
        "Der Drucker im Büro läuft nicht",
        "Ich kann mich nicht anmelden, das Passwort ist ungültig",
        "Größere Störung für alle Gäste",
    ],
    "fr": [
        "L’imprimante ne marche pas, aidez-nous s’il vous plaît",
        "Je ne peux pas me connecter, mot de passe oublié",
        "Problème de réseau à la comptabilité",
    ],
    "es": [
        "La impresora no funciona, ¿pueden ayudar?",
        "No puedo iniciar sesión, olvidé la contraseña",
        "Error de conexión en contabilidad según el técnico",
    ],
    "pt": [
        "A impressora não funciona, é urgente",
        "Não consigo entrar, esqueci a senha; há solução?",
        "Erro de conexão na contabilidade às três",
    ],
    "it": [
        "La stampante non funziona più, è urgente",
        "Non riesco ad accedere perché la password è scaduta",
        "Errore di rete in contabilità, si può risolvere?",
    ],
    "nl": [
        "De printer doet het niet, één melding per minuut",
        "Ik kan niet inloggen vanuit België",
        "Netwerkfout bij de financiële administratie, coördinatie nodig",
    ],
    "sv": [
        "Skrivaren fungerar inte, vänligen hjälp",
        "Jag kan inte logga in, glömde lösenordet",
        "Nätverksfel på ekonomiavdelningen",
    ],
    "da": [
        "Printeren virker ikke, vær så venlig at hjælpe",
        "Jeg kan ikke logge på, glemte adgangskoden",
        "Netværksfejl i bogholderiet, løs det i år",
    ],
    "he": ["המדפסת לא עובדת", "אני לא מצליח להתחבר", "תקלת רשת בהנהלת חשבונות"],
    "ar": ["الطابعة لا تعمل", "لا أستطيع تسجيل الدخول", "خطأ في الشبكة في قسم المحاسبة"],
    "th": ["เครื่องพิมพ์ไม่ทำงาน", "เข้าสู่ระบบไม่ได้", "เครือข่ายขัดข้อง"],
}
WRITTEN_IN = {
    "cp1252": "de fr es pt it nl sv da",
    "cp1250": "cs pl hu hr",
    "cp1251": "ru",
    "cp1253": "el",
    "cp1254": "tr",
    "cp1255": "he",
    "cp1256": "ar",
    "cp1257": "lt lv et",
    "cp874": "th",
    "mac_roman": "de fr es pt sv",
    "cp850": "de es pt sv",
    "cp852": "cs pl hu",
    "cp866": "ru",
    "koi8_r": "ru",
    "iso8859_2": "cs pl hu",
}
FILES = [(page, language) for page, written in WRITTEN_IN.items() for language in written.split()]
ENGLISH = "The printer is out of toner"


def export(*texts: str) -> str:
    rows = [row(n, f'"{text}"', "low" if n % 2 else "urgent") for n, text in enumerate(texts)]
    return csv_bytes(*rows).decode()


@pytest.mark.parametrize(("page", "language"), FILES)
def test_three_tickets_are_read_as_they_were_written(page: str, language: str) -> None:
    rows, problems = read(export(*TICKETS[language]).encode(page))
    assert [one.ticket.description for one in rows] == TICKETS[language]
    assert not problems


@pytest.mark.parametrize(
    ("page", "language"), [file for file in FILES if file[0].startswith("cp12")]
)
def test_so_they_are_among_many_english_ones(page: str, language: str) -> None:
    texts = [*[ENGLISH] * 20, *TICKETS[language]]
    rows, _ = read(export(*texts).encode(page))
    assert [one.ticket.description for one in rows] == texts


@pytest.mark.parametrize(
    "text",
    [
        *("Müller", "café", "it’s late", "“quoted” – and…", "25 °C", "100 €", "§§ 5 und 6", "¶"),
        *("Nº 5", "5 µm", "3 × 4", "½ h", "GRÜSSE AUS KÖLN", "ÉTÉ À PARIS", "PEÑA", "señor Groß"),
    ],
)
def test_a_single_word_or_sign_is_windows_1252(text: str) -> None:
    [found], _ = read(export(text).encode("cp1252"))
    assert found.ticket.description == text


def test_languages_of_one_code_page_may_be_mixed() -> None:
    texts = [text for language in WRITTEN_IN["cp1252"].split() for text in TICKETS[language]]
    assert [one.ticket.description for one in read(export(*texts).encode("cp1252"))[0]] == texts


def test_a_word_in_every_row_says_no_more_than_one() -> None:
    texts = [*["Łódź"] * 500, *TICKETS["pl"]]
    assert likeliest(export(*texts).encode("cp1250")) == likeliest(
        export(*["Łódź"], *TICKETS["pl"]).encode("cp1250")
    )
    assert likeliest(b"M\xfcller " * 500) == "cp1252"


def test_noise_is_in_no_code_page() -> None:
    rng = random.Random(1)
    assert {likeliest(rng.randbytes(1_000)) for _ in range(20)} == {None}


def test_every_code_page_has_a_name_for_people_and_holds_the_letters_of_its_languages() -> None:
    assert CODE_PAGES.keys() <= NAMES.keys()
    for page, (languages, _) in CODE_PAGES.items():
        for language in languages.split():
            letters = [one[0] for one in LETTERS[language].split() if one[0].isalpha()]
            held = [letter for letter in letters if letter.encode(page, "ignore")]
            assert len(held) >= 0.7 * len(letters), (page, language)
    assert set(LETTERS) == {
        one for languages, _ in CODE_PAGES.values() for one in languages.split()
    }
