Feature: Users, clients and applications behind each configuration of the proxies
  Behind a proxy, users sign in at its login page, and clients with credentials of their own pass it. These
  scenarios run behind the hardened configurations of nginx and Apache, behind the printed examples and behind
  careless configurations. The printed example of nginx refuses large bundles, and the one of Apache
  misdirects logins at other sites: what an example does not let pass is not tested behind it.

  Background:
    Given a publisher "paula"

  @PA-002
  Scenario Outline: A user without scripts who opens content behind the <proxies> proxies signs in at the login page and returns to the content
    Given "paula" has published python-api content "app"
    And "alice" has Viewer permission on "app"
    When "alice" opens "app" without scripts and signs in at the login page of the proxy
    Then the login leads back to "app", which answers

    Examples:
      | proxies  |
      | hardened |

    @documented
    Examples:
      | proxies    |
      | documented |

    @careless
    Examples:
      | proxies  |
      | careless |

  @PA-045
  Scenario Outline: A publisher can deploy content with signed requests behind the <proxies> proxies and open it
    Given "paula" has deployment credentials
    When "paula" publishes python-api content "app" with her deployment credentials
    And "paula" visits "app"
    Then "app" answers

    @documented
    Examples:
      | proxies    |
      | documented |

  @PA-045
  Scenario Outline: A publisher can deploy a bundle of 2.5 MB with signed requests behind the <proxies> proxies and open the content
    Given "paula" has deployment credentials
    When "paula" publishes python-api content "app" of 2500000 octets with her deployment credentials
    And "paula" visits "app"
    Then "app" answers

    Examples:
      | proxies  |
      | hardened |

    @careless
    Examples:
      | proxies  |
      | careless |

  @PA-060
  Scenario Outline: A call of the API with a key behind the <proxies> proxies is answered as the owner of the key
    Given "alice" has signed in
    And "alice" has an API key
    When a client calls the API with the headers:
      | Authorization | Key <alice's key> |
    Then the request is answered to "alice"

    Examples:
      | proxies  |
      | hardened |

    @documented
    Examples:
      | proxies    |
      | documented |

    @careless
    Examples:
      | proxies  |
      | careless |

  @SEC-016
  Scenario Outline: A WebSocket behind the <proxies> proxies opens for the owner of content, not for a user without permission
    Given "paula" has published python-api content "app"
    When "paula" opens a WebSocket to "app"
    Then "app" answers
    When "alice" opens a WebSocket to "app"
    Then the request is refused

    Examples:
      | proxies  |
      | hardened |

    @documented
    Examples:
      | proxies    |
      | documented |

    @careless
    Examples:
      | proxies  |
      | careless |

  @OI-062
  Scenario Outline: A user who logs in at the provider behind the <proxies> proxies returns to the server
    Given a Viewer integration "crm"
    When "alice" logs in to "crm"
    Then the login ends at the server

    Examples:
      | proxies  |
      | hardened |

    @careless
    Examples:
      | proxies  |
      | careless |
