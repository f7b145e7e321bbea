"""What the columns of the field are called, in any case and with any signs between the words: `User-ID` is `userId`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ROLES = ("user", "item", "rating", "time", "event")

# Names that say it outright. Written as `plain` gives them.
_STRONG = {
    "user": "userid user uid userno usernumber userindex useridx userkey useruuid usersha1 usersid usr usrid u "
            "customerid customer custid cust customernumber customerno visitorid visitor reviewerid reviewer "
            "accountid account accountnumber memberid member profileid profile personid person people clientid "
            "client buyerid buyer readerid reader listenerid listener viewerid viewer playerid player subscriberid "
            "subscriber patientid studentid learnerid consumerid shopperid householdid householdkey steamid msno "
            "raterid rater",
    "item": "itemid item iid itemno itemnumber itemindex itemidx itemkey itemcode movieid movie filmid film sid "
            "productid product productcode prodid pid asin parentasin isbn isbn13 articleid article businessid "
            "business artistid artist animeid anime mangaid manga songid song trackid track albumid album bookid "
            "book gameid game appid newsid news videoid video showid show seriesid series adid goodsid goods sku "
            "skuid stockcode upc ean gtin recipeid recipe placeid place venueid venue poiid poi locationid "
            "restaurantid restaurant hotelid hotel listingid listing podcastid podcast episodeid episode courseid "
            "course offerid offer contentid content documentid docid doc paperid paper postid beerid beer wineid "
            "wine jokeid joke jobid job propertyid titleid workid couponid storyid photoid pinid playlistid "
            "channelid streamid aid repoid packageid urlid pageid artmbid artistmbid recordingmbid",
    "rating": "rating ratings score stars star overall mark grade bookrating movierating filmrating itemrating "
              "userrating ratingvalue ratingscore starrating reviewscore reviewrating reviewoverall overallrating "
              "myrating givenrating animerating preference",
    "count": "weight count cnt plays play playcount nplays numplays totalplays playscount listencount listens "
             "listeningcount frequency freq quantity qty amount hours hoursplayed playtime playtimeforever "
             "playtimehours timesplayed purchases purchasecount clicks clickcount nclicks views viewcount visits "
             "visitcount checkins checkincount orders ordercount interactions minutes seconds watchtime duration "
             "dwelltime times units",
    "label": "label labels click clicked isclick isclicked liked like islike isliked target purchased ispurchase "
             "ispurchased isbuy bought conversion converted recommended isrecommended implicit interaction interacted "
             "favorite favourite isfavorite thumbs clickornot",
    "time": "timestamp time ts tdat unixreviewtime unixtime unixtimestamp epoch datetime date reviewtime reviewdate "
            "eventtime ratingtimestamp ratingtime ratingdate createdat created createtime utctimestamp creationdate "
            "eventdate eventtimestamp purchasedate purchasetime orderdate invoicedate transactiondate dateadded "
            "datecreated dateupdated updatedat timestampms timems checkintime playedat listenedat localtime "
            "clicktime",
    "event": "event eventtype eventname action actiontype behavior behaviour behaviortype behaviourtype behaviorname "
             "interactiontype activity activitytype feedbacktype",
    "tag": "tag tags tagid tagvalue tagname label",
}
# Names that say it where no other column does.
_WEAK = {
    "user": "username nickname login reviewername sessionid session cookieid deviceid",
    "item": "title itemname itemtitle movietitle booktitle gametitle gamename trackname songname artistname "
            "productname name url objectid entityid targetid subjectid",
    "rating": "value r",
    "time": "year day",
    "event": "type",
}
_TABLES = {role: {False: frozenset(_STRONG.get(role, "").split()), True: frozenset(_WEAK.get(role, "").split())}
           for role in {*_STRONG, *_WEAK}}
MISSING = frozenset(("", "nan", "na", "n/a", "<na>", "null", "none", "nat", "\\n", "#n/a"))  # what is written for nothing


def plain(name: str) -> str:
    """A column's name in small letters, without signs: `User-ID`, `user_id` and `userId` are all `userid`."""
    return re.sub(r"[\W_]+", "", str(name).strip().lower())


def called(columns: Sequence[str], role: str, *, weak: bool = True) -> list[int]:
    """Which columns bear a name of this role; those of weaker names only where no strong one is there, and if asked."""
    names = [plain(c) for c in columns]
    for level in (False, True) if weak else (False,):
        hits = [k for k, name in enumerate(names) if name in _TABLES[role][level]]
        if hits:
            return hits
    return []


def known(columns: Sequence[str]) -> int:
    """How many roles these columns name outright: a header has some, a row of data hardly ever."""
    return sum(bool(called(columns, role, weak=False)) for role in ("user", "item", "rating", "count", "time", "event"))


def examples(role: str) -> str:
    """Some names of a role, for a message."""
    return {"user": "user_id, userId, uid, customer_id, visitor_id", "item": "item_id, movieId, product_id, asin"}[role]


def missing(value: str) -> bool:
    """Whether a field says nothing: empty, or a word that programs write for a missing value."""
    return value.strip().lower() in MISSING


def listed(values: Iterable[object], most: int = 8) -> str:
    """Some values for a message, the rest as dots."""
    shown = [str(v)[:30] for v in values]
    return ", ".join(shown[:most]) + (" ..." if len(shown) > most else "")
