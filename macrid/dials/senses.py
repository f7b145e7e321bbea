"""What people say, and what they mean by it: a small thesaurus of films, shops and lists."""

from typing import NamedTuple

from .poles import POPULARITY


class Sense(NamedTuple):
    """Words for more and for less of whichever of some attributes there is, the first of them that a catalogue has."""

    attributes: tuple[str, ...]
    more: str
    less: str = ""


# Base forms, separated by commas: newer, newest and films' plurals are taken back to them.
SENSES = (
    Sense(("year", "release year", "date", "release date"), "new,recent,modern,latest,contemporary,up to date,fresh,current",
          "old,classic,vintage,retro,dated,old fashioned,from long ago"),
    Sense(("price", "cost"), "dear,expensive,luxurious,luxury,costly,pricey,upmarket",
          "cheap,affordable,budget,inexpensive,bargain"),
    Sense((POPULARITY,), "famous,popular,known,well known,mainstream,hit,blockbuster,bestseller,widely seen",
          "hidden,obscure,unknown,little known,underrated,niche,gem,hidden gem,rare,indie,unusual,surprising,lesser known"),
    Sense(("size", "height", "width"), "big,large,huge,tall,wide,roomy", "small,tiny,compact,little,narrow"),
    Sense(("runtime", "duration", "length", "pages"), "long,lengthy,epic", "short,brief,quick"),
    Sense(("weight",), "heavy", "light,lightweight"),
    Sense(("warmth", "temperature"), "warm,hot", "cool,cold"),
    Sense(("shade",), "dark,deep", "light,pale,bright"),
    Sense(("rating", "score", "quality"), "good,well rated,acclaimed,better,best,better rated,fine",
          "bad,poor,worse,worse rated,plain"),
    Sense(("comedy", "humor", "humour", "funny", "humorous"),
          "funny,humorous,hilarious,laugh,laughter,comic,comical,witty,amusing,silly,lighthearted,fun,cheerful"),
    Sense(("violence", "violent", "gore", "brutality", "action", "war", "crime"),
          "violent,violence,bloody,gory,gore,brutal,brutality,killing,blood", "gentle,peaceful,harmless,calm,quiet"),
    Sense(("horror",), "scary,frightening,terrifying,creepy,spooky,horrible,fear,zombie,vampire"),
    Sense(("thriller", "suspense"), "suspenseful,suspense,thrilling,tense,tension,exciting,gripping"),
    Sense(("romance", "romantic", "love"), "romantic,love,love story,lovey,tender"),
    Sense(("action",), "action packed,fast paced,explosion,explosive,fight,fighting,chase,stunt"),
    Sense(("adventure",), "adventurous,quest,journey"),
    Sense(("sci fi", "science fiction", "scifi"), "scifi,science fiction,space,futuristic,future,alien,robot,sf"),
    Sense(("fantasy",), "magic,magical,fairy tale,dragon,fantastic"),
    Sense(("childrens", "children", "family", "kids"), "kid,child,children,family,for kids,for children,family friendly",
          "adult,grown up,mature"),
    Sense(("animation", "animated", "anime"), "animated,cartoon,drawn,anime"),
    Sense(("documentary",), "documentary,factual,true story,real,docu"),
    Sense(("drama",), "dramatic,serious,deep,sad,emotional,moving,touching"),
    Sense(("war",), "military,soldier,battle,army,warlike"),
    Sense(("crime",), "gangster,criminal,mafia,mob,heist,murder"),
    Sense(("mystery",), "mysterious,puzzling,whodunit,detective,enigmatic"),
    Sense(("musical", "music"), "song,singing,music,musical,dance,dancing"),
    Sense(("western",), "cowboy,wild west,gunslinger"),
    Sense(("film noir", "noir"), "noir,dark,gloomy,bleak"),
)
