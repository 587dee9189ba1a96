import io
import unittest


def divide(a, b):
    return a / b


class DivideTest(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(divide(6, 3), 2)

    def test_zero(self):
        with self.assertRaises(ZeroDivisionError):
            divide(1, 0)

    def test_wrong(self):
        self.assertEqual(divide(1, 2), 1)

    @unittest.skip("later")
    def test_later(self): ...


def main():
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(DivideTest)
    outcome = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return outcome.testsRun, len(outcome.failures), len(outcome.skipped), outcome.failures[0][0].id().rpartition(".")[2]
