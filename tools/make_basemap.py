"""Make src/truceline/api/basemap/ from public data: what lies under every map of the control room.

    python tools/make_basemap.py DATA      DATA holds basemap/, geo/ and roads/

Coordinates are cut to four decimals (about ten metres), and properties to what the
style reads. The result is committed, so that nobody needs DATA to build or to run.
Licences and origins: src/truceline/api/basemap/SOURCES.md.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import box, mapping, shape

OUT = Path(__file__).parent.parent / "src/truceline/api/basemap"
LEVANT = box(30, 28, 46, 42)
AROUND = box(8, 12, 66, 54)
ROADS = box(34.4, 31.2, 43, 37.6)

Feature = dict[str, Any]

# Neighbouring towns: Natural Earth's name -> what the map says, in English and Arabic.
TOWNS = {
    "Amman": ("Amman", "عمّان"),
    "Irbid": ("Irbid", "إربد"),
    "Az Zarqa": ("Zarqa", "الزرقاء"),
    "Al Mafraq": ("Mafraq", "المفرق"),
    "As Salt": ("Salt", "السلط"),
    "Al Karak": ("Karak", "الكرك"),
    "Al Aqabah": ("Aqaba", "العقبة"),
    "Ma'an": ("Maan", "معان"),
    "At Tafilah": ("Tafilah", "الطفيلة"),
    "Beirut": ("Beirut", "بيروت"),
    "Trablous": ("Tripoli", "طرابلس"),
    "Zahlé": ("Zahle", "زحلة"),
    "Saida": ("Sidon", "صيدا"),
    "Nabatiye et Tahta": ("Nabatieh", "النبطية"),
    "Baghdad": ("Baghdad", "بغداد"),
    "Kirkuk": ("Kirkuk", "كركوك"),
    "Mosul": ("Mosul", "الموصل"),
    "An Najaf": ("Najaf", "النجف"),
    "Irbil": ("Erbil", "أربيل"),
    "Zakho": ("Zakho", "زاخو"),
    "Tall Afar": ("Tal Afar", "تلعفر"),
    "Tikrit": ("Tikrit", "تكريت"),
    "Karbala": ("Karbala", "كربلاء"),
    "Baqubah": ("Baqubah", "بعقوبة"),
    "Ar Rutbah": ("Rutbah", "الرطبة"),
    "Al Fallujah": ("Fallujah", "الفلوجة"),
    "Al Hillah": ("Hillah", "الحلة"),
    "Ar Ramadi": ("Ramadi", "الرمادي"),
    "Dahuk": ("Dohuk", "دهوك"),
    "Samarra": ("Samarra", "سامراء"),
    "As Sulaymaniyah": ("Sulaymaniyah", "السليمانية"),
    "Al Kut": ("Kut", "الكوت"),
    "Tel Aviv-Yafo": ("Tel Aviv", "تل أبيب"),
    "Jerusalem": ("Jerusalem", "القدس"),
    "Haifa": ("Haifa", "حيفا"),
    "Nazareth": ("Nazareth", "الناصرة"),
    "Beer Sheva": ("Beersheba", "بئر السبع"),
    "Gaza": ("Gaza", "غزة"),
    "Nablus": ("Nablus", "نابلس"),
    "Al Khalil": ("Hebron", "الخليل"),
    "Ramallah": ("Ramallah", "رام الله"),
    "Nicosia": ("Nicosia", "نيقوسيا"),
    "Lemosos": ("Limassol", "ليماسول"),
    "Larnaka": ("Larnaca", "لارنكا"),
    "Paphos": ("Paphos", "بافوس"),
    "Ammochostos": ("Famagusta", "فاماغوستا"),
    "Kyrenia": ("Kyrenia", "كيرينيا"),
    "Ankara": ("Ankara", "أنقرة"),
    "Konya": ("Konya", "قونية"),
    "Adana": ("Adana", "أضنة"),
    "Şanlıurfa": ("Şanlıurfa", "شانلي أورفا"),
    "Antalya": ("Antalya", "أنطاليا"),
    "Kayseri": ("Kayseri", "قيصري"),
    "Gaziantep": ("Gaziantep", "غازي عنتاب"),
    "Adıyaman": ("Adıyaman", "أديامان"),
    "Malatya": ("Malatya", "ملاطية"),
    "Tarsus": ("Tarsus", "طرسوس"),
    "Antioch": ("Antakya", "أنطاكية"),
    "İskenderun": ("İskenderun", "إسكندرون"),
    "Sivas": ("Sivas", "سيواس"),
    "Diyarbakır": ("Diyarbakır", "ديار بكر"),
    "Mardin": ("Mardin", "ماردين"),
    "Batman": ("Batman", "بطمان"),
    "Van": ("Van", "وان"),
    "Erzurum": ("Erzurum", "أرضروم"),
    "Elâzığ": ("Elazığ", "ألازيغ"),
    "Kahramanmaraş": ("Kahramanmaraş", "كهرمان مرعش"),
    "Icel": ("Mersin", "مرسين"),
    "Nusaybin": ("Nusaybin", "نصيبين"),
    "Kilis": ("Kilis", "كلس"),
    "Cairo": ("Cairo", "القاهرة"),
    "Suez": ("Suez", "السويس"),
    "Bur Said": ("Port Said", "بورسعيد"),
    "El Giza": ("Giza", "الجيزة"),
    "Ismaïlia": ("Ismailia", "الإسماعيلية"),
    "El Mansura": ("Mansoura", "المنصورة"),
    "Dumyat": ("Damietta", "دمياط"),
    "Tanta": ("Tanta", "طنطا"),
    "El Arish": ("Arish", "العريش"),
    "Tabuk": ("Tabuk", "تبوك"),
    "Arar": ("Arar", "عرعر"),
    "Sakakah": ("Sakakah", "سكاكا"),
    "Dawmat al Jandal": ("Dawmat al-Jandal", "دومة الجندل"),
    "Yerevan": ("Yerevan", "يريفان"),
    "Tbilisi": ("Tbilisi", "تبليسي"),
    "Urmia": ("Urmia", "أرومية"),
}

# Cities of Syria under their usual names: (English, Arabic, longitude, latitude, rank). The
# rank says from which zoom on a name is drawn. OCHA's own row for them is left out.
CITIES = (
    ("Damascus", "دمشق", 36.2913, 33.5102, 1),
    ("Aleppo", "حلب", 37.1613, 36.2021, 1),
    ("Homs", "حمص", 36.7256, 34.7241, 2),
    ("Hama", "حماة", 36.7578, 35.1318, 2),
    ("Latakia", "اللاذقية", 35.7831, 35.5317, 2),
    ("Raqqa", "الرقة", 39.0079, 35.9528, 2),
    ("Deir ez-Zor", "دير الزور", 40.1408, 35.3359, 2),
    ("Hasakah", "الحسكة", 40.7477, 36.5024, 2),
    ("Tartus", "طرطوس", 35.8866, 34.889, 3),
    ("Idlib", "إدلب", 36.6339, 35.9306, 2),
    ("Palmyra", "تدمر", 38.2840, 34.5624, 3),
    ("Qamishli", "القامشلي", 41.2314, 37.0522, 3),
    ("Abu Kamal", "البوكمال", 40.9186, 34.4506, 3),
    ("Daraa", "درعا", 36.1021, 32.6189, 2),
    ("Suwayda", "السويداء", 36.5695, 32.709, 3),
    ("Quneitra", "القنيطرة", 35.8246, 33.126, 4),
    ("Manbij", "منبج", 37.9555, 36.5281, 4),
    ("Tabqa", "الطبقة", 38.5483, 35.8376, 4),
    ("Douma", "دوما", 36.4027, 33.5718, 5),
    ("Rastan", "الرستن", 36.7324, 34.9267, 5),
    ("Maarat al-Numan", "معرة النعمان", 36.6769, 35.6483, 5),
    ("Khan Shaykhun", "خان شيخون", 36.651, 35.4421, 5),
    ("Saraqib", "سراقب", 36.8059, 35.8645, 5),
    ("Jisr al-Shughur", "جسر الشغور", 36.3198, 35.8142, 5),
)
NEAR_CITY = 0.06
"""Degrees within which a sub-district's town is taken for the city of the table."""

COUNTRIES = (
    ("Syria", "سوريا", 38.6, 34.95),
    ("Lebanon", "لبنان", 35.93, 34.1),
    ("Jordan", "الأردن", 36.6, 31.0),
    ("Iraq", "العراق", 42.3, 33.6),
    ("Turkey", "تركيا", 34.2, 38.7),
    ("Cyprus", "قبرص", 33.1, 34.95),
    ("Israel", "إسرائيل", 34.9, 31.0),
    ("Palestine", "فلسطين", 35.27, 32.0),
    ("Egypt", "مصر", 31.3, 29.3),
    ("Saudi Arabia", "السعودية", 39.6, 29.6),
    ("Armenia", "أرمينيا", 44.7, 40.45),
    ("Georgia", "جورجيا", 43.4, 41.85),
    ("Iran", "إيران", 45.7, 36.1),
)
SEAS = (
    ("Mediterranean Sea", "البحر الأبيض المتوسط", 33.1, 33.6),
    ("Black Sea", "البحر الأسود", 36.6, 41.8),
)


def main() -> None:
    """Write every file of the basemap."""
    data = Path(sys.argv[1])
    OUT.mkdir(parents=True, exist_ok=True)
    write("land", land(data))
    for name in ("lakes", "rivers", "borders"):
        write(name, [trimmed(one, name) for one in load(data / f"basemap/ne_{name}_levant")])
    write("governorates", governorates(data))
    write("roads", roads(data))
    write("places", [*labels(), *neighbours(data), *syrian_towns(data)])


def load(path: Path) -> list[Feature]:
    """Return the features of a GeoJSON file, zipped or not."""
    zipped = path.with_name(path.name + ".geojson.gz")
    if zipped.exists():
        return list(json.loads(gzip.decompress(zipped.read_bytes()))["features"])
    return list(json.loads(path.with_name(path.name + ".geojson").read_text())["features"])


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file, zipped or not."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    yield from csv.DictReader(text.decode("utf-8").splitlines())


def feature(geometry: Any, **properties: Any) -> Feature:
    """Return one feature with coordinates of four decimals."""
    cut = shapely.set_precision(geometry, 1e-4)
    return {"type": "Feature", "properties": properties, "geometry": rounded(mapping(cut))}


def rounded(value: Any) -> Any:
    """Round every number in a geometry's tree to four decimals."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return value


def write(name: str, features: Iterable[Feature]) -> None:
    """Write one file and say how large it is."""
    tree = {"type": "FeatureCollection", "features": list(features)}
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":")) + "\n"
    (OUT / f"{name}.geojson").write_text(text)
    print(f"{name}: {len(tree['features'])} features, {len(text.encode()):,} bytes")


def trimmed(one: Feature, name: str) -> Feature:
    """Return the feature with the properties that the style reads."""
    kept = one["properties"]
    if name == "borders":
        firm = kept["featurecla"].startswith("International")
        line = "overlay" if kept["featurecla"].startswith("Overlay") else "open"
        return feature(shape(one["geometry"]), line="firm" if firm else line)
    rank = int(kept.get("scalerank") or 9)
    return feature(shape(one["geometry"]), rank=rank)


def land(data: Path) -> Iterator[Feature]:
    """Yield the fine land inside the window, its shore, and the coarse world around it."""
    fine = [shape(one["geometry"]) for one in load(data / "basemap/ne_land_levant")]
    for one in fine:
        yield feature(one, part="land")
    # Where the window cuts the land there is no shore.
    shore = shapely.union_all([one.boundary for one in fine]).difference(
        LEVANT.boundary.buffer(0.002)
    )
    yield feature(shapely.line_merge(shore), part="shore")
    world = shapely.union_all(
        [shape(one["geometry"]).buffer(0) for one in load(data / "basemap/ne_110m_countries")]
    )
    yield feature(world.intersection(AROUND).difference(LEVANT), part="land")


def governorates(data: Path) -> list[Feature]:
    """Return the lines between governorates, without the country's own outline."""
    areas = [shape(one["geometry"]) for one in load(data / "geo/syr_adm1")]
    simple = shapely.coverage_simplify(areas, 0.004)
    inner = shapely.union_all([one.boundary for one in simple]).difference(
        shapely.union_all(simple).boundary.buffer(0.002)
    )
    return [feature(shapely.line_merge(inner))]


def roads(data: Path) -> list[Feature]:
    """Return the main roads of Syria and its rim as merged lines."""
    at = {
        one["node_id"]: (float(one["lon"]), float(one["lat"]))
        for one in rows(data / "roads/levant_highway_nodes.csv.gz")
    }
    edges = [
        shapely.LineString([at[one["from_node"]], at[one["to_node"]]])
        for one in rows(data / "roads/levant_highway_edges.csv.gz")
    ]
    inside = [edge for edge in edges if edge.length < 1 and ROADS.contains(edge)]
    merged = shapely.line_merge(shapely.union_all(inside))
    return [feature(shapely.simplify(merged, 0.004))]


def labels() -> Iterator[Feature]:
    """Yield the names of countries and seas."""
    for kind, names in (("country", COUNTRIES), ("sea", SEAS)):
        for english, arabic, lon, lat in names:
            yield feature(shapely.Point(lon, lat), kind=kind, en=english, ar=arabic, rank=0)


def neighbours(data: Path) -> Iterator[Feature]:
    """Yield the towns around Syria that have a name in both languages."""
    for one in load(data / "basemap/ne_populated_places_levant"):
        kept = one["properties"]
        if kept["NAME"] in TOWNS:
            english, arabic = TOWNS[kept["NAME"]]
            capital = kept["FEATURECLA"] == "Admin-0 capital"
            rank = 1 if capital else max(2, min(5, int(kept["SCALERANK"]) - 3))
            yield feature(
                shape(one["geometry"]),
                kind="capital" if capital else "town",
                en=english,
                ar=arabic,
                rank=rank,
            )


def syrian_towns(data: Path) -> Iterator[Feature]:
    """Yield the cities of the table, then one town a sub-district as OCHA names and places it."""
    cities = [shapely.Point(lon, lat) for _, _, lon, lat, _ in CITIES]
    for (english, arabic, _, _, rank), place in zip(CITIES, cities, strict=True):
        kind = "capital" if english == "Damascus" else "town"
        yield feature(place, kind=kind, en=english, ar=arabic, rank=rank)
    population = {
        one["pcode"]: int(one["population"])
        for one in rows(data / "geo/syr_admin_population.csv")
        if one["admin_level"] == "3"
    }
    centres = {
        (one["ADM3_PCODE"], one["PP_NAME_EN"]): shapely.Point(float(one["lon"]), float(one["lat"]))
        for one in rows(data / "geo/syr_populated_places.csv.gz")
    }
    for one in load(data / "geo/syr_adm3"):
        kept = one["properties"]
        place = centres.get((kept["PCODE"], kept["NAME_EN"]))
        if place is None or any(place.distance(city) < NEAR_CITY for city in cities):
            continue
        people = population.get(kept["PCODE"], 0)
        yield feature(
            place,
            kind="town",
            en=kept["NAME_EN"],
            ar=kept["NAME_AR"].removeprefix("مركز "),
            rank=6 if people > 60_000 else 7 if people > 25_000 else 8,
        )


if __name__ == "__main__":
    main()
