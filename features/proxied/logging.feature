Feature: What the log tells about sign-ins
  When signing in does not work, the operator looks into the server's log.

  Rule: A sign-in that is refused as insecure leaves a line

    @PA-328 @quiet @careless
    Scenario: Two username headers
      Given a server configured with:
        """
        [Authentication]
        Provider = proxy
        """
      And "alice" has signed in
      When "alice" signs in again with a second username header for "mallory"
      Then the log says "Rejected insecure proxied authentication attempt"
      And the log does not say "<mallory>"
