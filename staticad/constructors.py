"""Constructors for so many fields.

`staticad.records` copies them, with other names, for the classes of the package: to compile them at import would take
longer than all else that a class needs.

``python docs/make_constructors.py`` makes this file; a test fails when it is out of date.
"""

# fmt: off
# ruff: noqa: E501, F821
# mypy: ignore-errors


def plain1(self, field0):
    self.field0 = field0


def plain2(self, field0, field1):
    self.field0 = field0
    self.field1 = field1


def plain3(self, field0, field1, field2):
    self.field0 = field0
    self.field1 = field1
    self.field2 = field2


def plain4(self, field0, field1, field2, field3):
    self.field0 = field0
    self.field1 = field1
    self.field2 = field2
    self.field3 = field3


def plain5(self, field0, field1, field2, field3, field4):
    self.field0 = field0
    self.field1 = field1
    self.field2 = field2
    self.field3 = field3
    self.field4 = field4


def frozen0(self):
    pass


def frozen1(self, field0):
    own = self.__dict__
    own["field0"] = field0


def frozen2(self, field0, field1):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1


def frozen3(self, field0, field1, field2):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2


def frozen4(self, field0, field1, field2, field3):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3


def frozen5(self, field0, field1, field2, field3, field4):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4


def frozen6(self, field0, field1, field2, field3, field4, field5):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5


def frozen7(self, field0, field1, field2, field3, field4, field5, field6):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6


def frozen8(self, field0, field1, field2, field3, field4, field5, field6, field7):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6
    own["field7"] = field7


def plain11(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10):
    self.field0 = field0
    self.field1 = field1
    self.field2 = field2
    self.field3 = field3
    self.field4 = field4
    self.field5 = field5
    self.field6 = field6
    self.field7 = field7
    self.field8 = field8
    self.field9 = field9
    self.field10 = field10


def frozen10(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6
    own["field7"] = field7
    own["field8"] = field8
    own["field9"] = field9


def frozen11(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6
    own["field7"] = field7
    own["field8"] = field8
    own["field9"] = field9
    own["field10"] = field10


def frozen13(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10, field11, field12):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6
    own["field7"] = field7
    own["field8"] = field8
    own["field9"] = field9
    own["field10"] = field10
    own["field11"] = field11
    own["field12"] = field12


def frozen23(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10, field11, field12, field13, field14, field15, field16, field17, field18, field19, field20, field21, field22):
    own = self.__dict__
    own["field0"] = field0
    own["field1"] = field1
    own["field2"] = field2
    own["field3"] = field3
    own["field4"] = field4
    own["field5"] = field5
    own["field6"] = field6
    own["field7"] = field7
    own["field8"] = field8
    own["field9"] = field9
    own["field10"] = field10
    own["field11"] = field11
    own["field12"] = field12
    own["field13"] = field13
    own["field14"] = field14
    own["field15"] = field15
    own["field16"] = field16
    own["field17"] = field17
    own["field18"] = field18
    own["field19"] = field19
    own["field20"] = field20
    own["field21"] = field21
    own["field22"] = field22


def plain1_made(self, field0):
    self.field0 = factories["field0"]() if field0 is absent else field0


def plain3_made(self, field0, field1, field2):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2


def plain5_made(self, field0, field1, field2, field3, field4):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4


def plain7_made(self, field0, field1, field2, field3, field4, field5, field6):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.field6 = factories["field6"]() if field6 is absent else field6


def plain8_made(self, field0, field1, field2, field3, field4, field5, field6, field7):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.field6 = factories["field6"]() if field6 is absent else field6
    self.field7 = factories["field7"]() if field7 is absent else field7


def frozen6_made(self, field0, field1, field2, field3, field4, field5):
    own = self.__dict__
    own["field0"] = factories["field0"]() if field0 is absent else field0
    own["field1"] = factories["field1"]() if field1 is absent else field1
    own["field2"] = factories["field2"]() if field2 is absent else field2
    own["field3"] = factories["field3"]() if field3 is absent else field3
    own["field4"] = factories["field4"]() if field4 is absent else field4
    own["field5"] = factories["field5"]() if field5 is absent else field5


def plain12_made(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10, field11):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.field6 = factories["field6"]() if field6 is absent else field6
    self.field7 = factories["field7"]() if field7 is absent else field7
    self.field8 = factories["field8"]() if field8 is absent else field8
    self.field9 = factories["field9"]() if field9 is absent else field9
    self.field10 = factories["field10"]() if field10 is absent else field10
    self.field11 = factories["field11"]() if field11 is absent else field11


def plain13_made(self, field0, field1, field2, field3, field4, field5, field6, field7, field8, field9, field10, field11, field12):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.field6 = factories["field6"]() if field6 is absent else field6
    self.field7 = factories["field7"]() if field7 is absent else field7
    self.field8 = factories["field8"]() if field8 is absent else field8
    self.field9 = factories["field9"]() if field9 is absent else field9
    self.field10 = factories["field10"]() if field10 is absent else field10
    self.field11 = factories["field11"]() if field11 is absent else field11
    self.field12 = factories["field12"]() if field12 is absent else field12


def plain8_checked(self, field0, field1, field2, field3, field4, field5, field6, field7):
    self.field0 = field0
    self.field1 = field1
    self.field2 = field2
    self.field3 = field3
    self.field4 = field4
    self.field5 = field5
    self.field6 = field6
    self.field7 = field7
    self.__post_init__()


def plain6_made_checked(self, field0, field1, field2, field3, field4, field5):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.__post_init__()


def plain7_made_checked(self, field0, field1, field2, field3, field4, field5, field6):
    self.field0 = factories["field0"]() if field0 is absent else field0
    self.field1 = factories["field1"]() if field1 is absent else field1
    self.field2 = factories["field2"]() if field2 is absent else field2
    self.field3 = factories["field3"]() if field3 is absent else field3
    self.field4 = factories["field4"]() if field4 is absent else field4
    self.field5 = factories["field5"]() if field5 is absent else field5
    self.field6 = factories["field6"]() if field6 is absent else field6
    self.__post_init__()
